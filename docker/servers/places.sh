# What every server's script begins with: where things are, and who listens where. Defaults are for one machine, where nobody else is
# answered; compose.yaml sets what differs between containers.
set -euo pipefail
# What servers write is theirs alone: landing files, tables and logs among it.
umask 077
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
if [ "$(id -u)" = 0 ]; then
  # PostgreSQL, which refuses to be root, must be able to go there.
  KORDON_STACK="${KORDON_STACK:-/var/lib/kordon/stack}"
fi
export KORDON_STACK="${KORDON_STACK:-${XDG_STATE_HOME:-$HOME/.local/state}/kordon/stack}"
export KORDON_SECRETS="${KORDON_SECRETS:-$KORDON_STACK/secrets}"
LISTEN="${LISTEN:-127.0.0.1}"
MINIO_HOST="${MINIO_HOST:-127.0.0.1}"
MINIO_PORT="${MINIO_PORT:-9000}"
MINIO_CONSOLE_PORT="${MINIO_CONSOLE_PORT:-9001}"
POSTGRESQL_HOST="${POSTGRESQL_HOST:-127.0.0.1}"
POSTGRESQL_PORT="${POSTGRESQL_PORT:-5433}"
API_HOST="${API_HOST:-127.0.0.1}"
API_PORT="${API_PORT:-8080}"
# As people's browsers know it.
API_URL="${API_URL:-http://$API_HOST:$API_PORT}"
MASTER_HOST="${MASTER_HOST:-127.0.0.1}"
MASTER_PORT="${MASTER_PORT:-7077}"
MASTER_WEB_PORT="${MASTER_WEB_PORT:-8180}"
# The first worker's page; the second has the next port.
WORKER_WEB_PORT="${WORKER_WEB_PORT:-8181}"

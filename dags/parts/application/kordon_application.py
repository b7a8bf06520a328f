"""What spark-submit starts: the command line, as it is. A folder of its own, because Python looks for modules beside it first."""

from kordon.cli import main

main()

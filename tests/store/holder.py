"""A process that holds a lake's lease until it is ended. Used as a program by the lease tests: says when it holds it."""

import sys
import time

from kordon import lease


def main(lake: str, ttl_s: float) -> None:
    with lease.writer(lake, ttl_s=ttl_s):
        print("holds", flush=True)
        time.sleep(60)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))

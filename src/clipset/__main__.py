"""`python -m clipset` is `clipset`."""

import sys

from clipset.cli import main

if __name__ == "__main__":
    sys.exit(main())

"""``python -m huitou`` is the command ``huitou``."""

from huitou.cli import main

if __name__ == "__main__":
    main()

"""`python -m clearsight`: the `clearsight` command where only the interpreter is at hand."""

from clearsight.cli import main

if __name__ == "__main__":
    main()

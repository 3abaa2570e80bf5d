# Thin names for ./run, for those who have just.

default:
    @./run help

setup:
    ./run setup

check:
    ./run check

test *ARGS:
    ./run test {{ARGS}}

demo *ARGS:
    ./run demo {{ARGS}}

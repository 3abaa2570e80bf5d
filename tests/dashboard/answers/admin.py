"""Nobody administers the made-up country, but something was ingested."""


def administered(reader, what, choice=""):
    return []


ANSWERS = {"administered": administered}

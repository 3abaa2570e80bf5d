"""Where the made-up country is."""


def country_zone(reader):
    return "Asia/Baku"


ANSWERS = {"country_zone": country_zone}

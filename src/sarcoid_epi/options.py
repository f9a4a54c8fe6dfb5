"""What stands in an option, as values: a mistake is one sentence that names the option and what to write."""

from __future__ import annotations

from sarcoid_epi.errors import ConfigurationError, Problem


def numbers_of(pairs: list[str] | None) -> dict[str, float]:
    """`path=value` pairs as numbers."""
    found: dict[str, float] = {}
    for path, text in pairs_of(pairs, "--vary").items():
        try:
            found[path] = float(text)
        except ValueError:
            raise ConfigurationError(Problem(f"'{text}' is not a number", f"--vary {path}")) from None
    return found


def pairs_of(given: list[str] | None, option: str) -> dict[str, str]:
    """`name=value` pairs, each name once."""
    pairs: dict[str, str] = {}
    for pair in given or []:
        name, equals, value = (part.strip() for part in pair.partition("="))
        if not equals:
            raise ConfigurationError(Problem(f"'{pair}' has no '='", option, do="write NAME=VALUE"))
        if name in pairs:
            raise ConfigurationError(Problem(f"'{name}' is given twice", option, do="keep one"))
        pairs[name] = value
    return pairs


def years_of(text: str | None) -> tuple[int, int] | None:
    """`FIRST:LAST` as two years."""
    if text is None:
        return None
    first, _, last = (part.strip() for part in text.partition(":"))
    if not (first.isdecimal() and last.isdecimal()):
        raise ConfigurationError(
            Problem(f"'{text}' is no span of years", "--years", do="write FIRST:LAST, such as 2001:2010")
        )
    return int(first), int(last)


def listed_names(given: list[str] | None) -> list[str] | None:
    """Names with commas between them, from an option that may be repeated."""
    return [name.strip() for names in given for name in names.split(",")] if given else None


def share_of(text: str) -> tuple[int, int]:
    """`i/n` as two numbers."""
    number, _, of = (part.strip() for part in text.partition("/"))
    if not (number.isdecimal() and of.isdecimal()):
        raise ConfigurationError(Problem(f"'{text}' is no share", "--shard", do="write i/n, such as 1/4"))
    return int(number), int(of)

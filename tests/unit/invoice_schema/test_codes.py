"""The code lists and the XSD's enumerations are the same, both ways."""

from __future__ import annotations

from collections import Counter
from itertools import chain

from invoice_schema import model, pack
from invoice_schema.codes import LISTS
from invoice_schema.model import Type

ISO_4217 = "OptionalCurrency"


def _enumerated() -> dict[str, Type]:
    types = {name: type_ for message in pack.MESSAGES for name, type_ in model.types(message).items()}
    return {name: type_ for name, type_ in types.items() if type_.values}


def test_every_enumeration_is_of_one_list() -> None:
    listed = Counter(chain.from_iterable(one.types for one in LISTS.values()))
    assert dict.fromkeys(listed, 1) == dict(listed)
    assert set(listed) == set(_enumerated()) - {ISO_4217}


def test_enumerations_and_lists_name_the_same_codes() -> None:
    enumerated = _enumerated()
    for listed in LISTS.values():
        if listed.types:
            values = {value for type_ in listed.types for value in enumerated[type_].values if value}
            assert values == set(listed.codes), listed.name


def test_every_code_has_words_of_its_own() -> None:
    for listed in LISTS.values():
        for words in (listed.title, *listed.codes.values()):
            assert words.vi.strip() and words.en.strip(), listed.name
        assert len({words.vi for words in listed.codes.values()}) == len(listed.codes), listed.name


def test_a_list_bears_the_name_of_an_element() -> None:
    names = {name for message in pack.MESSAGES for type_ in model.types(message).values() for name in type_.children}
    assert set(LISTS) <= names


def test_currencies_are_codes_of_three_letters() -> None:
    values = _enumerated()[ISO_4217].values
    assert {"VND", "USD", "EUR", "JPY"} < set(values)
    assert all(len(value) == 3 and value.isupper() for value in values if value)
    assert len(set(values)) == len(values)

"""Parts that the cases are made of: sound documents, changes of a tree, and the collection of cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from lxml import etree

from tests.support.samples import DAY, invoice, package

HEAD, NBAN, ROW, TOTALS = "TTChung", "NDHDon/NBan", "NDHDon/DSHHDVu/HHDVu", "NDHDon/TToan"
RATE = f"{TOTALS}/THTTLTSuat/LTSuat"

Change = Callable[[etree._Element], object]


@dataclass
class Vectors:
    """The cases by path, and what vectors.toml says about them."""

    bodies: dict[str, bytes] = field(default_factory=dict)
    payments: dict[str, Sequence[Mapping[str, str]]] = field(default_factory=dict)
    received_at: dict[str, str] = field(default_factory=dict)
    registry: dict[str, str] = field(default_factory=dict)
    also: dict[str, Sequence[str]] = field(default_factory=dict)
    data: dict[str, Mapping[str, object]] = field(default_factory=dict)
    outages: dict[str, str] = field(default_factory=dict)

    def add_several(
        self, name: str, bodies: Sequence[bytes], *, received_at: str | None = None, also: Sequence[str] = ()
    ) -> None:
        """A case of several documents, which share a history in this order: a folder."""
        if f"{name}/1" in self.bodies:
            raise ValueError(f"two cases named {name}")
        self.bodies |= {f"{name}/{number}": body for number, body in enumerate(bodies, 1)}
        if received_at:
            self.received_at[f"{name}/"] = received_at
        if also:
            self.also[f"{name}/"] = also

    def add_paid(
        self,
        name: str,
        bodies: Sequence[bytes],
        payments: Sequence[Mapping[str, str]],
        *,
        received_at: str,
        registry: str | None = None,
        also: Sequence[str] = (),
        data: Mapping[str, object] | None = None,
    ) -> None:
        """A case of documents, perhaps none, and payments: a folder. `received_at` is when all of it has come in."""
        self.add_several(name, bodies, received_at=received_at, also=also)
        if name in self.payments:
            raise ValueError(f"two cases named {name}")
        self.payments[name] = payments
        if registry:
            self.registry[f"{name}/"] = registry
        if data:
            self.data[f"{name}/"] = data

    def add(
        self,
        name: str,
        body: bytes,
        *,
        received_at: str | None = None,
        registry: str | None = None,
        also: Sequence[str] = (),
        data: Mapping[str, object] | None = None,
        outages: str | None = None,
    ) -> None:
        if name in self.bodies:
            raise ValueError(f"two cases named {name}")
        self.bodies[name] = body
        if received_at:
            self.received_at[name] = received_at
        if registry:
            self.registry[name] = registry
        if also:
            self.also[name] = also
        if data:
            self.data[name] = data
        if outages:
            self.outages[name] = outages


def pretty(body: bytes) -> bytes:
    """One element per line, as people read it. Leaves keep their text."""
    root = etree.fromstring(body)
    etree.indent(root)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True) + b"\n"


def one(hdon: etree._Element, **envelope: object) -> bytes:
    return pretty(package([hdon], **envelope))  # type: ignore[arg-type]


def changed(change: Change, **kwargs: object) -> etree._Element:
    hdon = invoice(**kwargs)  # type: ignore[arg-type]
    change(hdon)
    return hdon


def insert(path: str, xml: str, at: int = 0) -> Change:
    return lambda hdon: find(hdon, path).insert(at, etree.fromstring(xml))


def drop(path: str) -> Change:
    def change(root: etree._Element) -> None:
        element = find(root, path)
        parent = element.getparent()
        assert parent is not None
        parent.remove(element)

    return change


def turn(path: str) -> Change:
    """The children in reverse order, all the way down."""

    def change(root: etree._Element) -> None:
        for element in list(find(root, path).iter()):
            if len(element):
                element[:] = list(element)[::-1]

    return change


def second_rate(tsuat: str, base: str, tax: str = "0") -> Change:
    """One more LTSuat."""
    xml = f"<LTSuat><TSuat>{tsuat}</TSuat><ThTien>{base}</ThTien><TThue>{tax}</TThue></LTSuat>"
    return insert(f"DLHDon/{TOTALS}/THTTLTSuat", xml, 1)


def without_code(**kwargs: object) -> bytes:
    """A 216: KHHDon begins with K, no MCCQT."""
    year = kwargs.get("nlap", DAY).year % 100  # type: ignore[attr-defined]
    return one(changed(drop("MCCQT"), **{"khhdon": f"K{year}MAA", **kwargs}), mltdiep="216")


def find(root: etree._Element, path: str) -> etree._Element:
    found = root.find(path)
    assert found is not None, path
    return found

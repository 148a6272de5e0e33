"""What a run came to: documents and invoices by decision, findings by rule."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from hoadon.validate.results import Report


@dataclass
class Tally:
    """`documents` and `invoices` by decision; `not_judged` counts the HDon of refused packages.

    `findings` and `invoices_with` by code: how often a rule was broken, and on how many invoices.
    """

    documents: Counter[str] = field(default_factory=Counter)
    invoices: Counter[str] = field(default_factory=Counter)
    not_judged: int = 0
    findings: Counter[str] = field(default_factory=Counter)
    invoices_with: Counter[str] = field(default_factory=Counter)

    def add(self, report: Report, hdons: int) -> None:
        self.documents[report["decision"]] += 1
        self.not_judged += hdons - len(report["invoices"])
        self.findings.update(finding["code"] for finding in report["findings"])
        for invoice in report["invoices"]:
            self.invoices[invoice["decision"]] += 1
            if invoice["findings"]:
                codes = [finding["code"] for finding in invoice["findings"]]
                self.findings.update(codes)
                self.invoices_with.update(set(codes))

    @property
    def good(self) -> bool:
        """No finding of severity P or E."""
        return self.documents.total() == self.documents["accepted"]

"""Every metric, declared once with the sentence that documents it. `python -m hoadon.common.metrics` prints the page.

No label ever carries a tax code, a message id or any other value that names a person.
"""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_SIZES: Final = (1, 10, 50, 100, 500, 1_000, 2_500, 5_000, 10_000, 25_000)

# Label values that are known are there from the start: an alert on the first event needs a 0 before it.

# Gateway
REQUESTS = Counter("hoadon_http_requests", "Requests answered, by route and status.", ["service", "route", "status"])
REQUEST_SECONDS = Histogram(
    "hoadon_http_request_seconds",
    "Time from a request's first byte to its answer.",
    ["service", "route"],
    buckets=_SECONDS,
)
PACKAGES_TAKEN = Counter(
    "hoadon_packages_taken", "Packages answered by a 999 with TTTNhan 0, after the broker had them."
)
PACKAGES_REFUSED = Counter(
    "hoadon_packages_refused", "Packages refused at the gateway, by the rule that refused them.", ["code"]
)
PAYMENTS_TAKEN = Counter(
    "hoadon_payments_taken", "Payments answered by 202 or named as taken, after the broker had them."
)
PAYMENTS_REFUSED = Counter("hoadon_payments_refused", "Payments, or bodies of them, refused at the gateway.", ["code"])
PAYMENTS = Counter(
    "hoadon_payments", "Payments stored, repeated ones too, by channel and direction.", ["channel", "direction"]
)
PRODUCE_SECONDS = Histogram("hoadon_produce_seconds", "Time until the broker acknowledged a message.", buckets=_SECONDS)
BUNDLE_PACKAGES = Histogram("hoadon_bundle_packages", "Packages gathered into one message.", buckets=_SIZES)
LOOKUP_KEYS = Histogram("hoadon_lookup_keys", "Questions gathered into one look-up query.", buckets=_SIZES)
IN_FLIGHT = Gauge("hoadon_http_in_flight", "Requests being handled now.", ["service"])

# Worker
INVOICES = Counter("hoadon_invoices", "Invoices decided, by decision.", ["decision"])
PACKAGES = Counter(
    "hoadon_packages", "Packages decided, by decision; `repeated` were answered from an earlier one.", ["decision"]
)
FINDINGS = Counter("hoadon_findings", "Findings, by rule and severity.", ["code", "severity"])
BATCH_INVOICES = Histogram("hoadon_batch_invoices", "Invoices in one batch.", buckets=_SIZES)
BATCH_AGE_SECONDS = Histogram(
    "hoadon_batch_age_seconds", "Age of a batch's oldest package when its work began.", buckets=_SECONDS
)
ENGINE_SECONDS = Histogram("hoadon_engine_seconds", "Time to judge one batch.", buckets=_SECONDS)
FLUSH_SECONDS = Histogram(
    "hoadon_flush_seconds", "Time to write one batch to the store, retries included.", buckets=_SECONDS
)
DECISION_SECONDS = Histogram("hoadon_decision_seconds", "Time from receipt to decision, per package.", buckets=_SECONDS)
STORED_SECONDS = Histogram(
    "hoadon_stored_seconds", "Time from receipt to committed rows, per package.", buckets=_SECONDS
)
REGISTRY_MESSAGES = Counter(
    "hoadon_registry_messages", "Messages of the registry's feed, by what became of them.", ["outcome"]
)
REGISTRY_TAXPAYERS = Gauge("hoadon_registry_taxpayers", "Taxpayers in this worker's picture of the registry.")
LAG_MESSAGES = Gauge(
    "hoadon_lag_messages", "Messages in the broker that this worker has not stored yet.", ["partition"]
)
LAG_SECONDS = Gauge(
    "hoadon_lag_seconds", "Age of the oldest message in the broker that is not stored yet.", ["partition"]
)
DEAD_LETTERS = Counter(
    "hoadon_dead_letters", "Messages or packages that could not be processed, by reason.", ["reason"]
)
RETRIES = Counter("hoadon_retries", "Retried calls to the broker or the store, by target.", ["target"])
OFFSET_GAPS = Counter(
    "hoadon_offset_gaps", "Holes found in the offsets a worker was given or has stored. Must stay 0.", ["found_by"]
)
DAYS_OPEN = Gauge("hoadon_days_open", "Days before today that are not closed yet (SEQ-01, HH-01); worker-1.")
QUALITY_SHARE = Gauge(
    "hoadon_quality_share", "Share of today's invoices of which a measure of data quality holds; worker-1.", ["measure"]
)
LEDGER_SERIES = Gauge("hoadon_ledger_series", "Series whose accepted numbers this worker holds in memory.")

for _found_by in ("worker", "audit"):
    OFFSET_GAPS.labels(found_by=_found_by)
for _reason in (
    "bad-message",
    "sha256",
    "partition",
    "ENV-01",
    "ENV-02",
    "ENV-03",
    "ENV-04",
    "engine-error",
    "store-error",
):
    DEAD_LETTERS.labels(reason=_reason)
for _target in ("store", "broker", "jobs"):
    RETRIES.labels(target=_target)

# Jobs
WATERMARK_AGE_SECONDS = Gauge(
    "hoadon_watermark_age_seconds", "How long ago everything received was decided and stored."
)
MENDED_MESSAGES = Counter("hoadon_mended_messages", "Messages sent again because the audit found them missing.")

RECONCILED_AT = Gauge("hoadon_reconciled_timestamp_seconds", "When payments were last compared with invoices.")
PAYMENTS_RECONCILED = Counter(
    "hoadon_payments_reconciled", "Payments that got a new outcome, by state and kind.", ["state", "kind"]
)
PAYMENT_DAYS_OPEN = Gauge(
    "hoadon_payment_days_open", "Days before today whose payments are not closed yet (PAY-01, PAY-02, PAY-03)."
)

# Console
QUESTION_SECONDS = Histogram(
    "hoadon_console_question_seconds",
    "Time of one of the console's questions to the store.",
    ["question"],
    buckets=_SECONDS,
)

# Store and supervisor
STORE_QUERIES = Counter(
    "hoadon_store_queries", "Requests to the embedded store, by kind and status.", ["kind", "status"]
)
STORE_SECONDS = Histogram(
    "hoadon_store_seconds", "Time of a request to the embedded store, by kind.", ["kind"], buckets=_SECONDS
)
SERVICE_UP = Gauge(
    "hoadon_service_up", "Whether a supervised service is running and ready (1) or not (0).", ["service"]
)
SERVICE_RESTARTS = Counter("hoadon_service_restarts", "Times a supervised service was started again.", ["service"])


def page() -> str:
    """The reference page: every metric with its labels and its sentence."""
    rows = ["| metric | kind | labels | meaning |", "| --- | --- | --- | --- |"]
    for metric in list(globals().values()):
        if isinstance(metric, Counter | Gauge | Histogram):
            name = metric._name + ("_total" if isinstance(metric, Counter) else "")
            labels = ", ".join(f"`{label}`" for label in metric._labelnames)
            rows.append(f"| `{name}` | {metric._type} | {labels} | {metric._documentation} |")
    return "# Metrics\n\nMade by `python -m hoadon.common.metrics`.\n\n" + "\n".join(rows) + "\n"


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201

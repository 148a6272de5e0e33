"""XMLDSig signatures of invoices (DSCKS, SIG-01) and packages (CKSNNT, ENV-11): docs/signatures.md.

`trust` says by what a signature is judged and weighs nothing; `check` is imported only where a document has one, for
the libraries behind it take a quarter of a second to load.

    structure     reads a ds:Signature of our tree and refuses every shape that is not expected
    certificates  whose certificate it is, whether it was valid then, whether a configured authority stands behind it
    verification  hands both to signxml and compares what was signed with what we read
    check         the signatures of an invoice and of a package, and what each of them must cover
"""

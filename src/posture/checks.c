/* checks.c - the table of checks. */
#include "posture/checks.h"

static const struct posture_check checks[] = {
#define CHECK(id, demand, severity, run, title, fix, why, nist, bsi, iso) {id, title, demand, severity, fix, why, nist, bsi, iso, run},
#include "posture/checks.def"
#undef CHECK
};

size_t posture_checks(const struct posture_check **out)
{
	*out = checks;
	return ARRAY_LEN(checks);
}

const char *posture_demand_name(enum posture_demand d)
{
	static const char *const names[] = {
		[DEMAND_PROVIDER] = "provider-access", [DEMAND_LOGGING] = "logging", [DEMAND_SECOND_FACTOR] = "second-factor", [DEMAND_LEAST_PRIVILEGE] = "least-privilege", [DEMAND_PATCHING] = "patching",
		[DEMAND_MAIL] = "mail", [DEMAND_EDUCATION] = "education"};
	return (unsigned)d < DEMAND_COUNT ? names[d] : "";
}

const char *posture_result_name(enum posture_result r)
{
	static const char *const names[] = {[POSTURE_PASS] = "pass", [POSTURE_FAIL] = "fail", [POSTURE_NOT_APPLICABLE] = "not-applicable", [POSTURE_UNKNOWN] = "cannot-tell"};
	return (unsigned)r < ARRAY_LEN(names) ? names[r] : "";
}

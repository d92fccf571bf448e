/* fuzz_lure_active.c - each parser of what acts when it is opened, and of programs and pictures, with bytes that need not look like it. */
#include "fuzz_lure.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct { lure_parser *parse; enum lure_type type; } parsers[] = {
		{parse_lnk, LT_LNK}, {parse_urlfile, LT_URLFILE}, {parse_rdp, LT_RDP}, {parse_script, LT_SCRIPT}, {parse_html, LT_HTML}, {parse_svg, LT_SVG}, {parse_xml, LT_XML}, {parse_onenote, LT_ONENOTE}, {parse_ics, LT_ICS},
		{parse_mhtml, LT_MHTML}, {parse_mobileconfig, LT_MOBILECONFIG}, {parse_pdf, LT_PDF}, {parse_pe, LT_PE}, {parse_msi, LT_MSI}, {parse_code_package, LT_CODE_PACKAGE}, {parse_picture, LT_BINARY_PICTURE}, {parse_tnef, LT_TNEF},
	};
	if (n < 2)
		return 0;
	size_t i = data[0] % ARRAY_LEN(parsers);
	fuzz_lure_parser(parsers[i].parse, parsers[i].type, slice_make((const char *)data + 1, n - 1));
	return 0;
}

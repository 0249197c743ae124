// SPDX-License-Identifier: BSD-2-Clause
/* Values that are kept as text: paths, command lines, modules. */
#include "config_value.h"

#include <lib/bits.h>

/* A path as struct boot_file has it: forward slashes, none at the start. */
void config_read_path(struct config_parser *p, const struct config_key *k, void *field,
		      struct slice v)
{
	char *path = field;

	while (v.len && (v.at[0] == '/' || v.at[0] == '\\')) {
		v.at++;
		v.len--;
	}
	if (!v.len) {
		config_fail(p, "'%s' names no file", k->name);
		return;
	}
	if (v.len >= k->max) {
		config_fail(p, "path of %zu bytes, at most %u fit", v.len, (unsigned)(k->max - 1));
		return;
	}
	for (size_t i = 0; i < v.len; i++) {
		if (v.at[i] >= ' ' && v.at[i] <= '~')
			continue;
		/* The firmware wants UCS-2, and a file system's idea of other characters is
		 * anybody's guess. */
		config_fail(p, "path '%s' is not ASCII", config_quote(v).text);
		return;
	}
	slice_copy(path, k->max, v);
	for (; *path; path++)
		if (*path == '\\')
			*path = '/';
}

void config_read_text(struct config_parser *p, const struct config_key *k, void *field,
		      struct slice v)
{
	if (v.len >= k->max)
		config_fail(p, "%s of %zu bytes, at most %u fit", k->name, v.len,
			    (unsigned)(k->max - 1));
	else
		slice_copy(field, k->max, v);
}

/* "path args". */
void config_read_module(struct config_parser *p, const struct config_key *k, void *field,
			struct slice v)
{
	static const struct config_key path = {.name = "module", .max = CONFIG_PATH_MAX};
	static const struct config_key args = {.name = "module arguments", .max = CONFIG_ARGS_MAX};
	struct config_modules *list = field;
	struct slice file = slice_word(&v);

	if (list->count == ARRAY_LEN(list->item)) {
		config_fail(p, "more than %u modules", CONFIG_MODULES_MAX);
		return;
	}
	config_read_path(p, &path, list->item[list->count].path, file);
	config_read_text(p, &args, list->item[list->count].args, slice_trim(v));
	list->count++;
}

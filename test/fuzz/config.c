// SPDX-License-Identifier: BSD-2-Clause
/* plinth.conf from any bytes whatever. */
#include "fuzz.h"

#include <guests/config.h>
#include <lib/bits.h>

static u32 reports;

static void report(void *ctx, const char *message)
{
	fuzz_check(!strncmp(message, "plinth.conf:", 12));
	fuzz_check(strlen(message) < 320 && !strchr(message, '\n'));
	reports++;
}

static void on_file(void *ctx, const char *path)
{
	fuzz_check(*path && *path != '/' && strlen(path) < CONFIG_PATH_MAX);
	++*(u32 *)ctx;
}

static void check_vm(const struct vm_config *vm)
{
	fuzz_check(memchr(vm->name, 0, sizeof(vm->name)) && vm->name[0]);
	fuzz_check(memchr(vm->kernel, 0, sizeof(vm->kernel)));
	fuzz_check(memchr(vm->initrd, 0, sizeof(vm->initrd)));
	fuzz_check(memchr(vm->cmdline, 0, sizeof(vm->cmdline)));
	fuzz_check(vm->modules.count <= CONFIG_MODULES_MAX);
	if (!vm->valid)
		return;
	fuzz_check(vm->kernel[0]);
	fuzz_check(vm->memory >= CONFIG_MEMORY_MIN && vm->memory <= CONFIG_MEMORY_MAX);
	fuzz_check(is_aligned(vm->memory, PAGE_SIZE));
	fuzz_check(vm->vcpus >= 1 && vm->vcpus <= CONFIG_VCPUS_MAX);
	for (u32 i = 0; i < vm->modules.count; i++)
		fuzz_check(vm->modules.item[i].path[0] &&
			   memchr(vm->modules.item[i].args, 0, CONFIG_ARGS_MAX));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	static struct config c;
	u8 *text = exact_copy(data, len);
	u32 errors, files = 0;

	reports = 0;
	errors = config_parse((const char *)text, len, &c, report, NULL);
	fuzz_check(!errors == !reports && reports <= CONFIG_ERRORS_MAX);
	fuzz_check(c.vm_count <= CONFIG_VMS_MAX);
	for (u32 i = 0; i < c.vm_count; i++)
		check_vm(&c.vm[i]);
	fuzz_check(c.host.consoles.count <= CONFIG_CONSOLES_MAX);
	fuzz_check(c.host.features.count <= CONFIG_FEATURES_MAX);
	config_for_each_file(&c, on_file, &files);
	fuzz_check(files <= CONFIG_VMS_MAX * (2 + CONFIG_MODULES_MAX));
	free(text);
	return 0;
}

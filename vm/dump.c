// SPDX-License-Identifier: BSD-2-Clause
/* What the operator is told about a guest that was stopped, or that ends. */
#include <vm/vcpu.h>

#include <core/service/log.h>
#include <core/service/window.h>
#include <lib/fmt.h>
#include <vm/emulate.h>
#include <vm/vm.h>

typedef unsigned long long ull;

static void dump_segments(struct vcpu *v)
{
	static const char *const names[SEG_COUNT] = { "es", "cs", "ss", "ds", "fs", "gs", "tr", "ldtr", "gdtr", "idtr" };

	for (enum seg_index s = 0; s < SEG_COUNT; s++) {
		struct segment seg;

		v->vm->virt->get_seg(v, s, &seg);
		log_info("  %-4s %04x base %016llx limit %08x attr %03x", names[s], seg.selector, (ull)seg.base,
			 seg.limit, seg.attr);
	}
}

static void dump_gprs(struct vcpu *v)
{
	static const char *const names[GPR_COUNT] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
						      "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15" };

	for (unsigned i = 0; i < GPR_COUNT; i += 4)
		log_info("  %-3s %016llx  %-3s %016llx  %-3s %016llx  %-3s %016llx", names[i], (ull)v->regs.r[i],
			 names[i + 1], (ull)v->regs.r[i + 1], names[i + 2], (ull)v->regs.r[i + 2], names[i + 3],
			 (ull)v->regs.r[i + 3]);
}

static void dump_exits(const struct vcpu *v)
{
	const struct exit_record *r;

	log_info("  the newest exits, the last one first:");
	for (u32 back = 0; (r = exit_trace_get(&v->trace, back)); back++) {
		char text[EXIT_TEXT_MAX];

		exit_text(r, text);
		log_info("  %4d %s", -(int)back, text);
	}
}

/* Guest RAM is there on the VM's own window only. */
static void dump_code(struct vcpu *v)
{
	u8 bytes[INSN_MAX_LEN];
	char text[3 * INSN_MAX_LEN + 1] = "";
	size_t count, len = 0;

	if (window_current() != v->vm->window)
		return;
	count = emulate_peek(v, bytes);
	for (size_t i = 0; i < count; i++)
		len += fmt_print(text + len, sizeof(text) - len, " %02x", bytes[i]);
	log_info("  code%s", count ? text : " cannot be read");
}

static void dump_state(struct vcpu *v)
{
	const struct virt_ops *virt = v->vm->virt;

	log_info("  rip %016llx rflags %08llx cpl %u, %u-bit code", (ull)v->regs.rip, (ull)v->regs.rflags, vcpu_cpl(v),
		 vcpu_code_bits(v));
	dump_gprs(v);
	log_info("  cr0 %08llx cr2 %016llx cr3 %016llx cr4 %08llx efer %llx", (ull)virt->get_reg(v, REG_CR0),
		 (ull)virt->get_reg(v, REG_CR2), (ull)virt->get_reg(v, REG_CR3), (ull)virt->get_reg(v, REG_CR4),
		 (ull)virt->get_reg(v, REG_EFER));
	dump_segments(v);
	virt->dump(v);
	dump_code(v);
}

void vcpu_dump(struct vcpu *v, const struct vm_exit *x)
{
	log_error("vm \"%s\": vcpu %u: %s", v->vm->name, v->id, x ? exit_name(x->kind) : "double fault");
	if (x && (x->kind == EXIT_UNKNOWN || x->kind == EXIT_INVALID))
		log_info("  exit code %llx info1 %llx info2 %llx", (ull)x->raw.code, (ull)x->raw.info1, (ull)x->raw.info2);
	dump_state(v);
	dump_exits(v);
}

/* What needs memory alone comes first: the rest asks the processor, and may be what went wrong. */
void vcpu_report(struct runnable *r)
{
	struct vcpu *v = container_of(r, struct vcpu, run);

	log_error("vm \"%s\": vcpu %u was running", v->vm->name, v->id);
	dump_exits(v);
	dump_state(v);
}

void vm_log_exits(const struct vm *vm)
{
	for (enum exit_kind kind = 0; kind < EXIT_KINDS; kind++) {
		u64 count = 0;

		for (u32 i = 0; i < vm->vcpu_count; i++)
			count += vm->vcpu[i]->exits[kind];
		if (count)
			log_debug("vm \"%s\": exits: %s %llu", vm->name, exit_name(kind), (ull)count);
	}
}

// SPDX-License-Identifier: BSD-2-Clause
#include "svm.h"

#include <ept/pt.h>

static const struct virt_feature features[] = {
	{ "nrips", &svm_features.nrips },
	{ "flushbyasid", &svm_features.flush_by_asid },
	{ "decodeassists", &svm_features.decode_assists },
	{ "pausefilter", &svm_features.pause_filter },
	{ "tscscaling", &svm_features.tsc_scaling },
	{ "eventinj", &svm_features.event_inj },
	{ NULL, NULL },
};

const struct virt_ops svm_ops = {
	.name = "SVM",
	.vcpu_bytes = sizeof(struct virt_vcpu),
	.pt = &pt_format_npt,
	.features = features,
	.tsc_scaling = &svm_features.tsc_scaling,
	.probe = svm_probe,
	.flaw = svm_flaw,
	.cpu_on = svm_cpu_on,
	.cpu_off = svm_cpu_off,
	.max_leaf = svm_max_leaf,
	.vm_init = svm_vm_init,
	.vm_fini = svm_vm_fini,
	.vcpu_init = svm_vcpu_init,
	.vcpu_fini = svm_vcpu_fini,
	.load = svm_load,
	.run = svm_run,
	.dump = svm_dump,
	.get_reg = svm_get_reg,
	.set_reg = svm_set_reg,
	.get_seg = svm_get_seg,
	.set_seg = svm_set_seg,
	.cpl = svm_cpl,
	.long_code = svm_long_code,
	.inject = svm_inject,
	.want_window = svm_want_window,
	.trap_dr = svm_trap_dr,
	.set_tsc = svm_set_tsc,
	.flush = svm_flush,
	.trap_port = svm_trap_port,
	.trap_msr = svm_trap_msr,
};

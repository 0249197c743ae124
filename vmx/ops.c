// SPDX-License-Identifier: BSD-2-Clause
#include "vmx.h"

#include <ept/pt.h>

static const struct virt_feature features[] = {
	{ "vpid", &vmx_features.vpid },
	{ "preemptiontimer", &vmx_features.preemption_timer },
	{ "vnmi", &vmx_features.virtual_nmis },
	{ "tprshadow", &vmx_features.tpr_shadow },
	{ "apicv", &vmx_features.apic },
	{ "loadpat", &vmx_features.load_pat },
	{ "loadefer", &vmx_features.load_efer },
	{ "rdtscp", &vmx_features.rdtscp },
	{ "tscscaling", &vmx_features.tsc_scaling },
	{ "wbinvd", &vmx_features.wbinvd },
	{ "pauseloop", &vmx_features.pause_loop },
	{ "singleflush", &vmx_features.single_flush },
	{ "truecontrols", &vmx_features.true_controls },
	{ "ept2m", &vmx_features.ept_2m },
	{ "ept1g", &vmx_features.ept_1g },
	{ NULL, NULL },
};

const struct virt_ops vmx_ops = {
	.name = "VMX",
	.vcpu_bytes = sizeof(struct virt_vcpu),
	.pt = &pt_format_ept,
	.features = features,
	.apic = &vmx_features.apic,
	.tsc_scaling = &vmx_features.tsc_scaling,
	.probe = vmx_probe,
	.cpu_on = vmx_cpu_on,
	.cpu_off = vmx_cpu_off,
	.max_leaf = vmx_max_leaf,
	.vm_init = vmx_vm_init,
	.vm_fini = vmx_vm_fini,
	.vcpu_init = vmx_vcpu_init,
	.vcpu_fini = vmx_vcpu_fini,
	.load = vmx_load,
	.put = vmx_put,
	.run = vmx_run,
	.dump = vmx_dump,
	.get_reg = vmx_get_reg,
	.set_reg = vmx_set_reg,
	.get_seg = vmx_get_seg,
	.set_seg = vmx_set_seg,
	.inject = vmx_inject,
	.want_window = vmx_want_window,
	.set_tsc = vmx_set_tsc,
	.flush = vmx_flush,
	.trap_port = vmx_trap_port,
	.trap_msr = vmx_trap_msr,
};

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The registers of the distributor (IHI 0069, 12.9) and of the redistributors (12.11), as of a
 * GICv3 with one Security state and affinity routing always on. What is not there reads as zero
 * and ignores writes, and so does an access of a size that its register does not have.
 */
#include "vgic.h"
#include "vgic_state.h"

#define GICD_CTLR 0x0000U
#define GICD_TYPER 0x0004U
#define GICD_IIDR 0x0008U
#define GICD_IROUTER 0x6000U
#define GICD_IROUTER_END 0x8000U
#define GIC_PIDR2 0xffe8U

#define GICR_IIDR 0x0004U
#define GICR_TYPER 0x0008U

/* Banked registers lie alike in the distributor and in a redistributor's second frame. */
#define GIC_BITS 0x0080U
#define GIC_IPRIORITYR 0x0400U
#define GIC_ITARGETSR 0x0800U
#define GIC_ICFGR 0x0c00U
#define GIC_ICFGR_END 0x0d00U

/* Each kind of register with a bit an interrupt takes 0x80 bytes. */
enum bits_kind {
	KIND_IGROUPR = 1,
	KIND_ISENABLER,
	KIND_ICENABLER,
	KIND_ISPENDR,
	KIND_ICPENDR,
	KIND_ISACTIVER,
	KIND_ICACTIVER,
};

/* GICD_CTLR: ARE and DS read as one. */
#define CTLR_ARE_DS 0x50U
/* GICD_TYPER: 10 bits of INTID, No1N; ITLinesNumber is added. */
#define TYPER_FIXED (9U << 19 | 1U << 25)
/* ProductID 'C', implementer Arm, as who a driver has no workarounds for. */
#define IIDR (0x43U << 24 | 0x43bU)
/* ArchRev 3: GICv3. */
#define PIDR2 0x3bU
#define GICR_TYPER_LAST (1U << 4)

/* Priorities have five bits. */
#define PRIORITY_MASK 0xf8f8f8f8U

/* Whose frame: NULL is the distributor. */
struct frame {
	struct vgic *vgic;
	struct vgic_vcpu *c;
};

/* Bank n, if this frame has it. */
static struct vgic_bank *bank_of(const struct frame *f, u32 n)
{
	if (f->c)
		return n == 0 ? &f->c->bank : NULL;
	return n != 0 && n < f->vgic->nr_irqs / VGIC_BANK_IRQS ? &f->vgic->spi[n - 1] : NULL;
}

/* Bits of a bank that are interrupts. */
static u32 bank_mask(u32 n)
{
	return n < VGIC_SPI_BANKS ? ~0U : (1U << (VGIC_SPI_LIMIT % VGIC_BANK_IRQS)) - 1;
}

static u32 bits_value(const struct vgic_bank *bank, enum bits_kind kind)
{
	switch (kind) {
	case KIND_IGROUPR:
		return READ_ONCE(bank->group);
	case KIND_ISENABLER:
	case KIND_ICENABLER:
		return READ_ONCE(bank->enable);
	case KIND_ISPENDR:
	case KIND_ICPENDR:
		return vgic_pending(bank);
	default:
		return bank->active;
	}
}

static u32 bits_read(const struct frame *f, u32 offset)
{
	u32 n = offset % GIC_BITS / 4;
	enum bits_kind kind = offset / GIC_BITS;
	struct vgic_bank *bank = bank_of(f, n);
	struct vgic_halt halt;
	u32 value;

	if (!bank)
		return 0;
	if (kind <= KIND_ICENABLER)
		return bits_value(bank, kind);
	vgic_lock_halted(f->vgic, f->c, n, ~0U, &halt);
	value = bits_value(bank, kind);
	vgic_unlock_halted(f->vgic, &halt);
	return value;
}

static void end_active(const struct frame *f, struct vgic_bank *bank, u32 n, u32 mask)
{
	bank->active &= ~mask;
	for (; mask && n != 0; mask &= mask - 1)
		vgic_route(f->vgic, n * VGIC_BANK_IRQS + (u32)__ffs(mask))->holder = VGIC_NO_CPU;
}

static void bits_change(const struct frame *f, struct vgic_bank *bank, u32 offset, u32 value)
{
	switch ((enum bits_kind)(offset / GIC_BITS)) {
	case KIND_IGROUPR:
		WRITE_ONCE(bank->group, value);
		break;
	case KIND_ISENABLER:
		WRITE_ONCE(bank->enable, bank->enable | value);
		break;
	case KIND_ICENABLER:
		WRITE_ONCE(bank->enable, bank->enable & ~value);
		break;
	case KIND_ISPENDR:
		bank->latch |= value;
		break;
	case KIND_ICPENDR:
		bank->latch &= ~value;
		break;
	case KIND_ISACTIVER:
		bank->active |= value;
		break;
	case KIND_ICACTIVER:
		end_active(f, bank, offset % GIC_BITS / 4, value & bank->active);
		break;
	}
}

static void bits_write(const struct frame *f, u32 offset, u32 value)
{
	u32 n = offset % GIC_BITS / 4;
	bool set = offset / GIC_BITS <= KIND_ISENABLER || offset / GIC_BITS == KIND_ISPENDR;
	struct vgic_bank *bank = bank_of(f, n);
	struct vgic_halt halt;
	u64 kicks;

	if (!bank)
		return;
	value &= bank_mask(n);
	/* What a running vCPU has is taken from it first, but where more can only be added. */
	vgic_lock_halted(f->vgic, f->c, n, set ? 0 : value, &halt);
	bits_change(f, bank, offset, value);
	kicks = vgic_wake(f->vgic, f->c, n, offset / GIC_BITS == KIND_IGROUPR ? ~0U : value);
	vgic_unlock_halted(f->vgic, &halt);
	vgic_kick(f->vgic, kicks);
}

static u32 prio_read(const struct frame *f, u32 offset)
{
	u32 i = offset % GIC_IPRIORITYR;
	struct vgic_bank *bank = bank_of(f, i / VGIC_BANK_IRQS);
	const u8 *prio;

	if (!bank)
		return 0;
	prio = &bank->prio[i % VGIC_BANK_IRQS];
	return prio[0] | (u32)prio[1] << 8 | (u32)prio[2] << 16 | (u32)prio[3] << 24;
}

/* Bytes of `mask` only. A list register has the new priority from the next run on. */
static void prio_write(const struct frame *f, u32 offset, u32 value, u32 mask)
{
	u32 i = offset % GIC_IPRIORITYR;
	u32 n = i / VGIC_BANK_IRQS;
	struct vgic_bank *bank = bank_of(f, n);
	unsigned long flags;
	u32 byte;

	if (!bank)
		return;
	if (n == VGIC_SPI_BANKS && i >= VGIC_SPI_LIMIT)
		return;
	value &= PRIORITY_MASK;
	raw_spin_lock_irqsave(&f->vgic->lock, flags);
	for (byte = 0; byte < 4; byte++) {
		if ((mask >> (8 * byte)) & 0xffU)
			bank->prio[i % VGIC_BANK_IRQS + byte] = (u8)(value >> (8 * byte));
	}
	raw_spin_unlock_irqrestore(&f->vgic->lock, flags);
}

/* Two bits an interrupt, the upper one: edge-triggered. */
static u32 config_read(const struct frame *f, u32 offset)
{
	u32 n = (offset - GIC_ICFGR) / 8;
	struct vgic_bank *bank = bank_of(f, n);
	u32 value = 0;
	u32 edge, i;

	if (!bank)
		return 0;
	edge = READ_ONCE(bank->edge) >> (offset % 8 * 4);
	for (i = 0; i < 16; i++)
		value |= ((edge >> i) & 1U) << (2 * i + 1);
	return value;
}

/* SGIs are edges (12.9.9); that PPIs are levels is this GIC's choice. */
static void config_write(const struct frame *f, u32 offset, u32 value)
{
	u32 n = (offset - GIC_ICFGR) / 8;
	u32 shift = offset % 8 * 4;
	struct vgic_bank *bank = bank_of(f, n);
	u32 edge = 0;
	struct vgic_halt halt;
	u64 kicks;
	u32 i;

	if (!bank || n == 0)
		return;
	for (i = 0; i < 16; i++)
		edge |= ((value >> (2 * i + 1)) & 1U) << i;
	edge = (edge << shift) & bank_mask(n);
	vgic_lock_halted(f->vgic, f->c, n, 0xffffU << shift, &halt);
	WRITE_ONCE(bank->edge, (bank->edge & ~(0xffffU << shift)) | edge);
	kicks = vgic_wake(f->vgic, f->c, n, 0xffffU << shift);
	vgic_unlock_halted(f->vgic, &halt);
	vgic_kick(f->vgic, kicks);
}

static u32 bank_read(const struct frame *f, u32 offset)
{
	if (offset >= GIC_BITS && offset < GIC_IPRIORITYR)
		return bits_read(f, offset);
	if (offset >= GIC_IPRIORITYR && offset < GIC_ITARGETSR)
		return prio_read(f, offset);
	if (offset >= GIC_ICFGR && offset < GIC_ICFGR_END)
		return config_read(f, offset);
	return 0;
}

static void bank_write(const struct frame *f, u32 offset, u32 value, u32 mask)
{
	if (offset >= GIC_BITS && offset < GIC_IPRIORITYR)
		bits_write(f, offset, value);
	else if (offset >= GIC_IPRIORITYR && offset < GIC_ITARGETSR)
		prio_write(f, offset, value, mask);
	else if (offset >= GIC_ICFGR && offset < GIC_ICFGR_END)
		config_write(f, offset, value);
}

static bool is_router(const struct vgic *vgic, u32 offset)
{
	u32 intid = (offset - GICD_IROUTER) / 8;

	return offset >= GICD_IROUTER && offset < GICD_IROUTER_END && intid >= VGIC_BANK_IRQS &&
	       intid < vgic->nr_irqs && intid < VGIC_SPI_LIMIT;
}

/* Half of GICD_IROUTER<n>: Aff2 to Aff0, or Aff3. */
static u32 router_read(struct vgic *vgic, u32 offset)
{
	u32 affinity = READ_ONCE(vgic_route(vgic, (offset - GICD_IROUTER) / 8)->affinity);

	return offset % 8 ? affinity >> 24 : affinity & 0xffffffU;
}

static void router_write(struct vgic *vgic, u32 offset, u32 value)
{
	u32 intid = (offset - GICD_IROUTER) / 8;
	u32 n = intid / VGIC_BANK_IRQS;
	u32 bit = 1U << (intid % VGIC_BANK_IRQS);
	struct vgic_route *route = vgic_route(vgic, intid);
	unsigned long flags;
	u32 affinity;
	u64 kicks;

	raw_spin_lock_irqsave(&vgic->lock, flags);
	affinity = offset % 8 ? (route->affinity & 0xffffffU) | value << 24 :
				(route->affinity & ~0xffffffU) | (value & 0xffffffU);
	vgic_route_set(route, affinity);
	kicks = vgic_wake(vgic, NULL, n, bit);
	raw_spin_unlock_irqrestore(&vgic->lock, flags);
	vgic_kick(vgic, kicks);
}

static u32 dist_read(const struct frame *f, u32 offset)
{
	switch (offset) {
	case GICD_CTLR:
		return READ_ONCE(f->vgic->ctlr) | CTLR_ARE_DS;
	case GICD_TYPER:
		return TYPER_FIXED | (f->vgic->nr_irqs / VGIC_BANK_IRQS - 1);
	case GICD_IIDR:
		return IIDR;
	case GIC_PIDR2:
		return PIDR2;
	}
	return is_router(f->vgic, offset) ? router_read(f->vgic, offset) : bank_read(f, offset);
}

static void ctlr_write(struct vgic *vgic, u32 value)
{
	unsigned long flags;
	u64 kicks;

	raw_spin_lock_irqsave(&vgic->lock, flags);
	WRITE_ONCE(vgic->ctlr, value & (VGIC_CTLR_GRP0 | VGIC_CTLR_GRP1));
	kicks = vgic_wake_all(vgic);
	raw_spin_unlock_irqrestore(&vgic->lock, flags);
	vgic_kick(vgic, kicks);
}

static void dist_write(const struct frame *f, u32 offset, u32 value, u32 mask)
{
	if (offset == GICD_CTLR)
		ctlr_write(f->vgic, value);
	else if (is_router(f->vgic, offset))
		router_write(f->vgic, offset, value);
	else
		bank_write(f, offset, value, mask);
}

static bool is_last(const struct vgic *vgic, u32 frame)
{
	u32 i;

	if (frame + 1 == vgic->nr_cpus)
		return true;
	for (i = 0; i < vgic->nr_regions; i++) {
		if (frame + 1 == vgic->region[i].first + vgic->region[i].count)
			return !vgic->legacy_region;
	}
	return false;
}

/* Both frames of a redistributor; the second is at 64 KB. */
static u32 redist_read(const struct frame *f, u32 offset)
{
	if (offset >= VGIC_FRAME_SIZE)
		return bank_read(f, offset - (u32)VGIC_FRAME_SIZE);
	switch (offset) {
	case GICR_IIDR:
		return IIDR;
	case GICR_TYPER: /* Processor_Number, Last */
		return (u32)f->c->frame << 8 | (is_last(f->vgic, f->c->frame) ? GICR_TYPER_LAST : 0);
	case GICR_TYPER + 4: /* affinity */
		return f->c->id / 16U << 8 | f->c->id % 16U;
	case GIC_PIDR2:
		return PIDR2;
	}
	return 0;
}

static void redist_write(const struct frame *f, u32 offset, u32 value, u32 mask)
{
	if (offset >= VGIC_FRAME_SIZE)
		bank_write(f, offset - (u32)VGIC_FRAME_SIZE, value, mask);
}

static u32 word_read(const struct frame *f, u32 offset)
{
	return f->c ? redist_read(f, offset) : dist_read(f, offset);
}

static void word_write(const struct frame *f, u32 offset, u32 value, u32 mask)
{
	if (f->c)
		redist_write(f, offset, value, mask);
	else
		dist_write(f, offset, value, mask);
}

/* Words everywhere; bytes of priorities; two words at once of GICD_IROUTER and GICR_TYPER. */
static bool size_ok(const struct frame *f, u32 offset, u32 size)
{
	u32 base = offset % (u32)VGIC_FRAME_SIZE;
	bool banked = !f->c || offset >= VGIC_FRAME_SIZE;

	if (offset % size != 0)
		return false;
	if (size == 1)
		return banked && base >= GIC_IPRIORITYR && base < GIC_ITARGETSR;
	if (size == 8)
		return f->c ? offset == GICR_TYPER : is_router(f->vgic, offset);
	return size == 4;
}

static void access_frame(const struct frame *f, u32 offset, u32 size, bool write, u64 *data)
{
	u32 word = offset & ~3U;
	u32 shift = offset % 4 * 8;

	if (!size_ok(f, offset, size)) {
		if (!write)
			*data = 0;
		return;
	}
	if (write) {
		word_write(f, word, (u32)*data << shift, size == 1 ? 0xffU << shift : ~0U);
		if (size == 8)
			word_write(f, word + 4, (u32)(*data >> 32), ~0U);
		return;
	}
	*data = word_read(f, word) >> shift;
	if (size == 1)
		*data &= 0xffU;
	if (size == 8)
		*data |= (u64)word_read(f, word + 4) << 32;
}

/* The redistributor at an address, and the offset in it. */
static struct vgic_vcpu *redist_at(const struct vgic *vgic, u64 addr, u32 *offset)
{
	u64 distance, n;
	u32 i;

	for (i = 0; i < vgic->nr_regions; i++) {
		distance = addr - vgic->region[i].base;
		n = distance / VGIC_REDIST_SIZE;
		if (n >= vgic->region[i].count || vgic->region[i].first + n >= vgic->nr_cpus)
			continue;
		*offset = (u32)(distance % VGIC_REDIST_SIZE);
		return vgic->frame[vgic->region[i].first + n];
	}
	return NULL;
}

bool vgic_mmio(struct cv_vcpu *v, u64 addr, u32 size, bool write, u64 *data)
{
	struct frame f = { .vgic = v->vm->vgic };
	u32 offset;

	if (!f.vgic || !smp_load_acquire(&f.vgic->ready))
		return false;
	if (addr - f.vgic->dist_base < VGIC_FRAME_SIZE) {
		offset = (u32)(addr - f.vgic->dist_base);
	} else {
		f.c = redist_at(f.vgic, addr, &offset);
		if (!f.c)
			return false;
	}
	access_frame(&f, offset, size, write, data);
	return true;
}

# One layer forward and backward written out: no tape, and only what the adapters' gradients need is kept.
# Weights w: embedding, learned positions, final norm and its bias, vocabulary head and its bias; then of every layer (empty where the
# family has none) norm and bias, q|k|v stacked and bias, o and bias, norm and bias, gate|up stacked (or the one way in) and bias, down
# and bias, the weights of q's and k's norm (heads + kv, D), the norm of what attention adds, the norm of what the feed-forward adds.
# A packed base (QLoRA, packed.py) has codes where the four matrices stand; self.weight makes a matrix of them wherever one is used.
# With full fine-tuning (full.py) there is no adapter, and the weights' own gradients are added to the flat gradient.
# With DoRA (dora.py) a projection's output is scaled before its bias comes, and kept for the way back.
# With checkpointing a layer keeps only its input from its way forward, and is computed again before its way back (Chen et al. 2016);
# else what is dearer to compute than to keep. Both give the same bits.

def first_weight(self, layer: int) -> int:
    return 6 + layer * 15

def project(self, y: Tensor, ha: Tensor, slot: int, flat: Tensor, layer: int, target: int, row: int):
    # Adds ha B' to y, whose columns are the rows of B from row on: one of several stacked projections, or part of one. (Written out,
    # B' and its product take two thirds of the time.)
    r = self.ranks[target]
    if r > 0:
        a, b = self.lora(flat, layer, target)
        y.addmm_(ha.narrow(1, slot, r), b.narrow(0, row, y.size(1)).t().contiguous())
        if self.dora:
            y.addcmul_(y, self.beyond_one(flat, layer, target, row, y.size(1)))

def stacked_a(self, flat: Tensor, layer: int, first: int, last: int) -> Tensor:
    # The A of neighbouring targets, which lie one after another in the flat adapter: (sum of ranks, in).
    r = 0
    for target in range(first, last):
        r += self.ranks[target]
    return flat.narrow(0, self.a_at[layer * 7 + first], r * self.ins[first]).view([r, self.ins[first]])

def fused(self, target: int, width: int) -> bool:
    # Whether one adapter serves all that is stacked from this target on, of which width is the first part.
    return self.outs[target] > width

def masked(self, x: Tensor, masks: List[Tensor], which: int, train: bool) -> Tensor:
    # What an adapter reads: dropped out in training, by the mask that was drawn for it when there is one.
    if not train or self.dropout == 0.:
        return x
    if len(masks) > which:
        return self.kept(x, masks[which])
    y, mask = self.dropped(x, True)
    masks.append(mask)
    return y

def read(self, h: Tensor, masks: List[Tensor], which: int, train: bool, flat: Tensor, layer: int, first: int, last: int) -> Tensor:
    # What neighbouring adapters that read the same h make of it: scale * h A', (M, sum of ranks)
    return torch.mm(self.masked(h, masks, which, train), self.stacked_a(flat, layer, first, last).t()).mul_(self.scale)

def layer_forward(self, w: List[Tensor], flat: Tensor, x: Tensor, cosines: List[Tensor], sines: List[Tensor], lengths: List[int], asked: Tensor, i: int, masks: List[Tensor], kept: List[Tensor], train: bool, keep: bool) -> Tuple[Tensor, List[Tensor]]:
    # x (M, H) -> the layer's output and what its way back reads; attention's part of that goes to kept, the dropout's choices to masks.
    # The output is that of all positions, or of those asked for (see fast.py), which all that follows attention is computed for alone.
    nq, nk, f = self.heads * self.head, self.kv * self.head, self.ffn
    r0, r1 = self.ranks[0], self.ranks[1]
    m = x.size(0)
    none = torch.empty([0])
    at = self.first_weight(i)
    n1, i1 = self.norm(x)
    h = self.affine(n1, w[at], w[at + 1])
    said = self.product(h, self.weight(w, i, 0), self.early(w[at + 3]))
    ha = self.read(h, masks, 0, train, flat, i, 0, 3)
    if self.fused(0, nq):
        self.project(said, ha, 0, flat, i, 0, 0)
    else:
        self.project(said.narrow(1, 0, nq), ha, 0, flat, i, 0, 0)
        self.project(said.narrow(1, nq, nk), ha, r0, flat, i, 1, 0)
        self.project(said.narrow(1, nq + nk, nk), ha, r0 + r1, flat, i, 2, 0)
    qkv = self.late(said, w[at + 3])
    qk, nqk, iqk = qkv.narrow(1, 0, nq + nk).view([m, -1, self.head]), none, none
    if self.head_norms:
        nqk, iqk = self.rms(qk)
        qk = nqk * w[at + 12]
    if self.rotated > 0:
        qk = self.rotate(qk, cosines[self.tables[i]], sines[self.tables[i]])
    v = qkv.narrow(1, nq + nk, nk).view([m, -1, self.head])
    o = self.attend(qk.narrow(1, 0, self.heads), qk.narrow(1, self.heads, self.kv), v, lengths, self.windows[i], kept, keep)
    below = x
    if asked.numel() > 0:
        o, below = torch.index_select(o, 0, asked), torch.index_select(x, 0, asked)
    oa = self.read(o, masks, 1, train, flat, i, 3, 4)
    x1, n3, i3, said3 = self.added(w, flat, below, o, oa, i, 1, 3, at + 5, at + 13)
    h2, n2, i2 = h, n1, i1
    if not self.parallel:
        n2, i2 = self.norm(x1)
        h2 = self.affine(n2, w[at + 6], w[at + 7])
    ha2 = self.read(h2, masks, 2, train, flat, i, 4, 6)
    gate, up, said4, said5 = none, none, none, none
    if self.gated:
        # Two products, not one: the halves of one would be strided, and silu on those is several times slower.
        inner, bias = self.weight(w, i, 2), w[at + 9]
        said4 = self.product(h2, inner.narrow(0, 0, f), self.early(self.part(bias, 0, f)))
        self.project(said4, ha2, 0, flat, i, 4, 0)
        gate = self.late(said4, self.part(bias, 0, f))
        said5 = self.product(h2, inner.narrow(0, f, f), self.early(self.part(bias, f, f)))
        if self.fused(4, f):
            self.project(said5, ha2, 0, flat, i, 4, f)
        else:
            self.project(said5, ha2, self.ranks[4], flat, i, 5, 0)
        up = self.late(said5, self.part(bias, f, f))
        z = self.activate(gate).mul_(up)
    else:
        said4 = self.product(h2, self.weight(w, i, 2), self.early(w[at + 9]))
        self.project(said4, ha2, 0, flat, i, 4, 0)
        gate = self.late(said4, w[at + 9])
        z = self.activate(gate)
    za = self.read(z, masks, 3, train, flat, i, 6, 7)
    y, n4, i4, said6 = self.added(w, flat, x1, z, za, i, 3, 6, at + 11, at + 14)
    own = [n1, i1, ha, o, oa, n2, i2, ha2, gate, up, za, nqk, iqk, n3, i3, n4, i4]
    if self.dora:
        own += [said, said3, said4, said5, said6]
    return y, own

def everywhere(self, d: Tensor, asked: Tensor, m: int) -> Tensor:
    # The gradient at the positions asked for as that of all m: nothing comes back to the others.
    return torch.zeros([m, d.size(1)], dtype=d.dtype, device=d.device).index_add_(0, asked, d)

def added(self, w: List[Tensor], flat: Tensor, x: Tensor, h: Tensor, ha: Tensor, i: int, which: int, target: int, bias: int, norm: int) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
    # x + h W' and the adapter's part: what attention or the feed-forward adds; normalised before it is added in a sandwich of norms.
    none = torch.empty([0])
    if self.sandwich or self.dora:
        said = self.product(h, self.weight(w, i, which), self.early(w[bias]))
        self.project(said, ha, 0, flat, i, target, 0)
        y = self.late(said, w[bias])
        if not self.sandwich:
            return x + y, none, none, said
        n, inverse = self.norm(y)
        return torch.addcmul(x, n, w[norm]), n, inverse, said if self.dora else none
    y = torch.addmm(x, h, self.weight(w, i, which).t())
    if w[bias].numel() > 0:
        y.add_(w[bias])
    self.project(y, ha, 0, flat, i, target, 0)
    return y, none, none, none

def lora_backward(self, dy: Tensor, said: Tensor, ha: Tensor, slot: int, flat: Tensor, gradient: Tensor, layer: int, target: int, row: int) -> Tensor:
    # dB = dy' ha, added to the flat gradient; returns scale * dy B, from which dA and dh follow. With DoRA dy, that of the scaled
    # output said, first becomes that of the output before, in place.
    r = self.ranks[target]
    a, b = self.lora(flat, layer, target)
    da, db = self.lora(gradient, layer, target)
    if r > 0:
        if self.dora:
            self.factor_backward(dy, said, flat, gradient, layer, target, row)
        # (The narrow matrix stands first: a product of few rows is faster here than one of few columns.)
        db.narrow(0, row, dy.size(1)).add_(torch.mm(ha.narrow(1, slot, r).t(), dy).t())
        return torch.mm(dy, b.narrow(0, row, dy.size(1))).mul_(self.scale)
    return torch.empty([dy.size(0), 0], dtype=dy.dtype, device=dy.device)

def through_a(self, dh: Tensor, b: Tensor, a: Tensor, mask: Tensor) -> Tensor:
    # Adds what reaches an adapter's input through its A, in place.
    if b.size(1) == 0:
        return dh
    return dh.addmm_(b, a) if mask.numel() == 0 else dh.add_(self.kept(torch.mm(b, a), mask))

def layer_backward(self, w: List[Tensor], flat: Tensor, gradient: Tensor, dx: Tensor, cosines: List[Tensor], sines: List[Tensor], lengths: List[int], asked: Tensor, i: int, masks: List[Tensor], saved: List[Tensor], kept: List[Tensor]) -> Tensor:
    # From the gradient dx of the layer's output to that of its input; the adapters' gradients are added to gradient (flat).
    nq, nk, f = self.heads * self.head, self.kv * self.head, self.ffn
    none = torch.empty([0])
    at = self.first_weight(i)
    n1, i1, ha, o, oa, n2, i2 = saved[0], saved[1], saved[2], saved[3], saved[4], saved[5], saved[6]
    ha2, gate, up, za, nqk, iqk = saved[7], saved[8], saved[9], saved[10], saved[11], saved[12]
    n3, i3, n4, i4 = saved[13], saved[14], saved[15], saved[16]
    said, said3, said4, said5, said6 = none, none, none, none, none
    if self.dora:
        said, said3, said4, said5, said6 = saved[17], saved[18], saved[19], saved[20], saved[21]
    mh, mo, mh2, mz = none, none, none, none
    if len(masks) > 0:
        mh, mo, mh2, mz = masks[0], masks[1], masks[2], masks[3]

    # down projection: x = x1 + z W', z = act(gate) * up
    dy = dx
    if self.sandwich:
        if self.full:
            self.learn_norm(gradient, at + 14, dx, n4)
        dy = self.norm_backward(dx * w[at + 14], n4, i4)
    elif self.dora:
        dy = dx.clone()
    active = self.activate(gate)
    b = self.lora_backward(dy, said6, za, 0, flat, gradient, i, 6, 0)
    z = active * up if self.gated else active
    if self.full:
        self.learn_linear(gradient, at + 10, 0, dy, z)
    self.stacked_a(gradient, i, 6, 7).add_(torch.mm(b.t(), self.kept(z, mz)))
    dz = self.through_a(torch.mm(dy, self.weight(w, i, 3)), b, self.stacked_a(flat, i, 6, 7), mz)

    # gate and up, or the one way in
    h2 = self.affine(n2, w[at], w[at + 1]) if self.parallel else self.affine(n2, w[at + 6], w[at + 7])
    dh = none
    inner = self.weight(w, i, 2)
    if self.gated:
        dup = active.mul_(dz)
        dgate = self.activate_backward(dz.mul_(up), gate)
        if self.full:
            self.learn_linear(gradient, at + 8, 0, dgate, h2)
            self.learn_linear(gradient, at + 8, f, dup, h2)
        b = self.lora_backward(dgate, said4, ha2, 0, flat, gradient, i, 4, 0)
        if self.fused(4, f):
            b = b + self.lora_backward(dup, said5, ha2, 0, flat, gradient, i, 4, f)
        else:
            b = torch.cat([b, self.lora_backward(dup, said5, ha2, self.ranks[4], flat, gradient, i, 5, 0)], 1)
        dh = torch.mm(dgate, inner.narrow(0, 0, f)).addmm_(dup, inner.narrow(0, f, f))
    else:
        dgate = self.activate_backward(dz, gate)
        if self.full:
            self.learn_linear(gradient, at + 8, 0, dgate, h2)
        b = self.lora_backward(dgate, said4, ha2, 0, flat, gradient, i, 4, 0)
        dh = torch.mm(dgate, inner)
    self.stacked_a(gradient, i, 4, 6).add_(torch.mm(b.t(), self.kept(h2, mh2)))
    dh = self.through_a(dh, b, self.stacked_a(flat, i, 4, 6), mh2)
    dx1 = dx
    if not self.parallel:
        if self.full:
            self.learn_norm(gradient, at + 6, dh, n2)
        dx1 = self.norm_backward(dh.mul_(w[at + 6]), n2, i2).add_(dx)

    # output projection: x1 = x + o W'
    dy = dx1
    if self.sandwich:
        if self.full:
            self.learn_norm(gradient, at + 13, dx1, n3)
        dy = self.norm_backward(dx1 * w[at + 13], n3, i3)
    elif self.dora:
        dy = dx1.clone()
    if self.full:
        self.learn_linear(gradient, at + 4, 0, dy, o)
    b = self.lora_backward(dy, said3, oa, 0, flat, gradient, i, 3, 0)
    self.stacked_a(gradient, i, 3, 4).add_(torch.mm(b.t(), self.kept(o, mo)))
    do = self.through_a(torch.mm(dy, self.weight(w, i, 1)), b, self.stacked_a(flat, i, 3, 4), mo)

    # attention, rotation, the heads' norms, and q|k|v
    if asked.numel() > 0:
        do, dx1 = self.everywhere(do, asked, n1.size(0)), self.everywhere(dx1, asked, n1.size(0))
    heads = self.attend_backward(do, lengths, self.windows[i], kept)
    dqk = heads.narrow(1, 0, self.heads + self.kv)
    turned = dqk
    if self.rotated > 0:
        turned = self.rotate_backward(dqk, cosines[self.tables[i]], sines[self.tables[i]])
    if self.head_norms:
        if self.full:
            self.learn_heads(gradient, self.w_at[at + 12], torch.sum(turned * nqk, [0], dtype=self.wide(nqk)))
        turned = self.rms_backward(turned * w[at + 12], nqk, iqk)
    if self.rotated > 0 or self.head_norms:
        dqk.copy_(turned)
    dqkv = heads.view([heads.size(0), -1])
    h = self.affine(n1, w[at], w[at + 1])
    if self.full:
        self.learn_linear(gradient, at + 2, 0, dqkv, h)
    if self.fused(0, nq):
        b = self.lora_backward(dqkv, said, ha, 0, flat, gradient, i, 0, 0)
    else:
        parts = annotate(List[Tensor], [])
        row, slot = 0, 0
        for target, width in [(0, nq), (1, nk), (2, nk)]:
            heard = said.narrow(1, row, width) if self.dora else none
            parts.append(self.lora_backward(dqkv.narrow(1, row, width), heard, ha, slot, flat, gradient, i, target, 0))
            row, slot = row + width, slot + self.ranks[target]
        b = torch.cat(parts, 1)
    self.stacked_a(gradient, i, 0, 3).add_(torch.mm(b.t(), self.kept(h, mh)))
    if i == 0 and self.w_at[0] < 0:
        # Nothing below the first layer is trained, so its input's gradient is not needed.
        return none
    di = self.through_a(torch.mm(dqkv, self.weight(w, i, 0)), b, self.stacked_a(flat, i, 0, 3), mh)
    if self.parallel:
        di.add_(dh)
    if self.full:
        self.learn_norm(gradient, at, di, n1)
    return self.norm_backward(di.mul_(w[at]), n1, i1).add_(dx1)

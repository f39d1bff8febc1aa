# The fast path: forward and backward written out, no tape, only what the adapters' gradients need is kept.
# Weights w: embedding, learned positions, final norm and its bias, vocabulary head and its bias; then of every layer (empty where the
# family has none) norm and bias, q|k|v stacked and bias, o and bias, norm and bias, gate|up stacked (or the one way in) and bias, down
# and bias, the weights of q's and k's norm (heads + kv, D), the norm of what attention adds, the norm of what the feed-forward adds.
# A packed base (QLoRA, packed.py) has codes where the four matrices stand; self.weight makes a matrix of them wherever one is used.
# What a layer keeps (saved): see the end of layers_forward. Everything else is cheaper to compute again.

def first_weight(self, layer: int) -> int:
    return 6 + layer * 15

def project(self, y: Tensor, ha: Tensor, slot: int, flat: Tensor, layer: int, target: int, row: int):
    # Adds scale * (h A') B' to y, whose columns are the rows of B from row on: one of several stacked projections, or part of one.
    r = self.ranks[target]
    if r > 0:
        a, b = self.lora(flat, layer, target)
        y.addmm_(ha.narrow(1, slot, r), b.narrow(0, row, y.size(1)).t(), alpha=self.scale)

def stacked_a(self, flat: Tensor, layer: int, first: int, last: int) -> Tensor:
    # The A of neighbouring targets, which lie one after another in the flat adapter: (sum of ranks, in).
    r = 0
    for target in range(first, last):
        r += self.ranks[target]
    return flat.narrow(0, self.a_at[layer * 7 + first], r * self.ins[first]).view([r, self.ins[first]])

def fused(self, target: int, width: int) -> bool:
    # Whether one adapter serves all that is stacked from this target on, of which width is the first part.
    return self.outs[target] > width

def layers_forward(self, w: List[Tensor], flat: Tensor, embedded: Tensor, cosines: List[Tensor], sines: List[Tensor], lengths: List[int], saved: List[Tensor], keep: bool, train: bool) -> Tensor:
    nq, nk, f = self.heads * self.head, self.kv * self.head, self.ffn
    r0, r1 = self.ranks[0], self.ranks[1]
    x = embedded
    m = x.size(0)
    none = torch.empty([0])
    for i in range(self.layers):
        at = self.first_weight(i)
        n1, i1 = self.norm(x)
        h = self.affine(n1, w[at], w[at + 1])
        qkv = self.product(h, self.weight(w, i, 0), w[at + 3])
        hd, mh = self.dropped(h, train)
        ha = torch.mm(hd, self.stacked_a(flat, i, 0, 3).t())
        if self.fused(0, nq):
            self.project(qkv, ha, 0, flat, i, 0, 0)
        else:
            self.project(qkv.narrow(1, 0, nq), ha, 0, flat, i, 0, 0)
            self.project(qkv.narrow(1, nq, nk), ha, r0, flat, i, 1, 0)
            self.project(qkv.narrow(1, nq + nk, nk), ha, r0 + r1, flat, i, 2, 0)
        qk, nqk, iqk = qkv.narrow(1, 0, nq + nk).view([m, -1, self.head]), none, none
        if self.head_norms:
            nqk, iqk = self.rms(qk)
            qk = nqk * w[at + 12]
        if self.rotated > 0:
            qk = self.rotate(qk, cosines[self.tables[i]], sines[self.tables[i]])
        q, k = qk.narrow(1, 0, self.heads).reshape([m, nq]), qk.narrow(1, self.heads, self.kv).reshape([m, nk])
        v = qkv.narrow(1, nq + nk, nk).contiguous()
        o = self.attend(q, k, v, lengths, self.windows[i])
        od, mo = self.dropped(o, train)
        oa = torch.mm(od, self.stacked_a(flat, i, 3, 4).t())
        n2, i2, n3, i3, n4, i4 = n1, i1, none, none, none, none
        if self.sandwich:
            added = self.product(o, self.weight(w, i, 1), w[at + 5])
            self.project(added, oa, 0, flat, i, 3, 0)
            n3, i3 = self.norm(added)
            x1 = torch.addcmul(x, n3, w[at + 13])
        else:
            x1 = torch.addmm(x, o, self.weight(w, i, 1).t())
            if w[at + 5].numel() > 0:
                x1.add_(w[at + 5])
            self.project(x1, oa, 0, flat, i, 3, 0)
        h2 = h
        if not self.parallel:
            n2, i2 = self.norm(x1)
            h2 = self.affine(n2, w[at + 6], w[at + 7])
        hd2, mh2 = self.dropped(h2, train)
        ha2 = torch.mm(hd2, self.stacked_a(flat, i, 4, 6).t())
        gate, up = none, none
        if self.gated:
            # Two products, not one: the halves of one would be strided, and silu on those is several times slower.
            inner = self.weight(w, i, 2)
            gate, up = torch.mm(h2, inner.narrow(0, 0, f).t()), torch.mm(h2, inner.narrow(0, f, f).t())
            if w[at + 9].numel() > 0:
                gate.add_(w[at + 9].narrow(0, 0, f))
                up.add_(w[at + 9].narrow(0, f, f))
            if self.fused(4, f):
                self.project(up, ha2, 0, flat, i, 4, f)
            else:
                self.project(up, ha2, self.ranks[4], flat, i, 5, 0)
        else:
            gate = self.product(h2, self.weight(w, i, 2), w[at + 9])
        self.project(gate, ha2, 0, flat, i, 4, 0)
        z = self.activate(gate)
        if self.gated:
            z.mul_(up)
        zd, mz = self.dropped(z, train)
        za = torch.mm(zd, self.stacked_a(flat, i, 6, 7).t())
        if self.sandwich:
            added = self.product(z, self.weight(w, i, 3), w[at + 11])
            self.project(added, za, 0, flat, i, 6, 0)
            n4, i4 = self.norm(added)
            x = torch.addcmul(x1, n4, w[at + 14])
        else:
            x = torch.addmm(x1, z, self.weight(w, i, 3).t())
            if w[at + 11].numel() > 0:
                x.add_(w[at + 11])
            self.project(x, za, 0, flat, i, 6, 0)
        if keep:
            saved += [n1, i1, ha, q, k, v, o, oa, n2, i2, ha2, gate, up, za, nqk, iqk, n3, i3, n4, i4, mh, mo, mh2, mz]
    return x

def lora_backward(self, dy: Tensor, h: Tensor, ha: Tensor, slot: int, flat: Tensor, gradient: Tensor, layer: int, target: int, row: int) -> Tensor:
    # dB = scale * dy' (h A'), added to the flat gradient; returns scale * dy B, from which dA and dh follow.
    r = self.ranks[target]
    a, b = self.lora(flat, layer, target)
    da, db = self.lora(gradient, layer, target)
    if r > 0:
        db.narrow(0, row, dy.size(1)).add_(torch.mm(dy.t(), ha.narrow(1, slot, r)), alpha=self.scale)
        return torch.mm(dy, b.narrow(0, row, dy.size(1))).mul_(self.scale)
    return torch.empty([dy.size(0), 0], dtype=dy.dtype, device=dy.device)

def through_a(self, dh: Tensor, b: Tensor, a: Tensor, mask: Tensor) -> Tensor:
    # Adds what reaches an adapter's input through its A, in place.
    return dh.addmm_(b, a) if mask.numel() == 0 else dh.add_(self.kept(torch.mm(b, a), mask))

def layers_backward(self, w: List[Tensor], flat: Tensor, gradient: Tensor, above: Tensor, cosines: List[Tensor], sines: List[Tensor], lengths: List[int], saved: List[Tensor]):
    nq, nk, f = self.heads * self.head, self.kv * self.head, self.ffn
    r0, r1 = self.ranks[0], self.ranks[1]
    dx = above
    m = dx.size(0)
    gone = torch.empty([0])
    for j in range(self.layers):
        i = self.layers - 1 - j
        at, s = self.first_weight(i), i * 24
        n1, i1, ha, q, k, v, o, oa = saved[s], saved[s + 1], saved[s + 2], saved[s + 3], saved[s + 4], saved[s + 5], saved[s + 6], saved[s + 7]
        n2, i2, ha2, gate, up, za = saved[s + 8], saved[s + 9], saved[s + 10], saved[s + 11], saved[s + 12], saved[s + 13]
        nqk, iqk, n3, i3, n4, i4 = saved[s + 14], saved[s + 15], saved[s + 16], saved[s + 17], saved[s + 18], saved[s + 19]
        mh, mo, mh2, mz = saved[s + 20], saved[s + 21], saved[s + 22], saved[s + 23]
        for t in range(24):
            saved[s + t] = gone

        # down projection: x = x1 + z W', z = act(gate) * up
        dy = dx
        if self.sandwich:
            dy = self.norm_backward(dx * w[at + 14], n4, i4)
        active = self.activate(gate)
        b = self.lora_backward(dy, active, za, 0, flat, gradient, i, 6, 0)
        z = active * up if self.gated else active
        self.stacked_a(gradient, i, 6, 7).add_(torch.mm(b.t(), self.kept(z, mz)))
        dz = self.through_a(torch.mm(dy, self.weight(w, i, 3)), b, self.stacked_a(flat, i, 6, 7), mz)

        # gate and up, or the one way in
        h2 = self.affine(n2, w[at], w[at + 1]) if self.parallel else self.affine(n2, w[at + 6], w[at + 7])
        dh = gone
        inner = self.weight(w, i, 2)
        if self.gated:
            dup = active.mul_(dz)
            dgate = self.activate_backward(dz.mul_(up), gate)
            b = self.lora_backward(dgate, h2, ha2, 0, flat, gradient, i, 4, 0)
            if self.fused(4, f):
                b = b + self.lora_backward(dup, h2, ha2, 0, flat, gradient, i, 4, f)
            else:
                b = torch.cat([b, self.lora_backward(dup, h2, ha2, self.ranks[4], flat, gradient, i, 5, 0)], 1)
            dh = torch.mm(dgate, inner.narrow(0, 0, f)).addmm_(dup, inner.narrow(0, f, f))
        else:
            dgate = self.activate_backward(dz, gate)
            b = self.lora_backward(dgate, h2, ha2, 0, flat, gradient, i, 4, 0)
            dh = torch.mm(dgate, inner)
        self.stacked_a(gradient, i, 4, 6).add_(torch.mm(b.t(), self.kept(h2, mh2)))
        dh = self.through_a(dh, b, self.stacked_a(flat, i, 4, 6), mh2)
        dx1 = dx
        if not self.parallel:
            dx1 = self.norm_backward(dh.mul_(w[at + 6]), n2, i2).add_(dx)

        # output projection: x1 = x + o W'
        dy = dx1
        if self.sandwich:
            dy = self.norm_backward(dx1 * w[at + 13], n3, i3)
        b = self.lora_backward(dy, o, oa, 0, flat, gradient, i, 3, 0)
        self.stacked_a(gradient, i, 3, 4).add_(torch.mm(b.t(), self.kept(o, mo)))
        do = self.through_a(torch.mm(dy, self.weight(w, i, 1)), b, self.stacked_a(flat, i, 3, 4), mo)

        # attention, rotation, the heads' norms, and q|k|v
        dq, dk, dv = self.attend_backward(do, q, k, v, lengths, self.windows[i])
        dqkv = torch.empty([m, nq + nk + nk], dtype=dx.dtype, device=dx.device)
        dqk = torch.cat([dq, dk], 1).view([m, -1, self.head])
        if self.rotated > 0:
            dqk = self.rotate_backward(dqk, cosines[self.tables[i]], sines[self.tables[i]])
        if self.head_norms:
            dqk = self.rms_backward(dqk * w[at + 12], nqk, iqk)
        dqkv.narrow(1, 0, nq + nk).view([m, -1, self.head]).copy_(dqk)
        dqkv.narrow(1, nq + nk, nk).copy_(dv)
        h = self.affine(n1, w[at], w[at + 1])
        if self.fused(0, nq):
            b = self.lora_backward(dqkv, h, ha, 0, flat, gradient, i, 0, 0)
        else:
            b = torch.cat([self.lora_backward(dqkv.narrow(1, 0, nq), h, ha, 0, flat, gradient, i, 0, 0), self.lora_backward(dqkv.narrow(1, nq, nk), h, ha, r0, flat, gradient, i, 1, 0), self.lora_backward(dqkv.narrow(1, nq + nk, nk), h, ha, r0 + r1, flat, gradient, i, 2, 0)], 1)
        self.stacked_a(gradient, i, 0, 3).add_(torch.mm(b.t(), self.kept(h, mh)))
        if i > 0:
            # Nothing below the first layer is trained, so its input's gradient is not needed.
            di = self.through_a(torch.mm(dqkv, self.weight(w, i, 0)), b, self.stacked_a(flat, i, 0, 3), mh)
            if self.parallel:
                di.add_(dh)
            dx = self.norm_backward(di.mul_(w[at]), n1, i1).add_(dx1)

def whole_tiles(self, ids: Tensor, lengths: List[int]) -> Tensor:
    # Pads the tokens to a whole number of tiles with a last conversation of zeros that nothing learns from (see attention).
    rest = (self.tile - ids.size(0) % self.tile) % self.tile
    if rest > 0:
        lengths.append(rest)
        return torch.cat([ids, torch.zeros([rest], dtype=ids.dtype, device=ids.device)])
    return ids

def begin(self, w: List[Tensor], tokens: Tensor, lengths: List[int], frequencies: Tensor) -> Tuple[Tensor, List[Tensor], List[Tensor]]:
    # What the layers start from: embeddings (M, H), cosines and sines.
    positions = self.positions_of(lengths, tokens)
    x = self.embed(w, tokens, positions)
    rows = self.rows_of(lengths, tokens, frequencies.size(1) - 1)
    cosines, sines = self.rotary(frequencies, positions, rows, x.dtype)
    return x, cosines, sines

def hidden(self, w: List[Tensor], flat: Tensor, ids: Tensor, lengths: List[int], frequencies: Tensor) -> Tensor:
    # ids (M) of conversations laid end to end -> the last layer's output (M, H), before the final norm.
    tokens = self.whole_tiles(ids, lengths)
    x, cosines, sines = self.begin(w, tokens, lengths, frequencies)
    return self.layers_forward(w, flat, x, cosines, sines, lengths, annotate(List[Tensor], []), False, False)

def final(self, w: List[Tensor], x: Tensor) -> Tensor:
    # The final norm: what the vocabulary head reads.
    return self.affine(self.norm(x)[0], w[2], w[3])

def fast(self, w: List[Tensor], flat: Tensor, gradient: Tensor, ids: Tensor, lengths: Tensor, frequencies: Tensor, at: Tensor, labels: Tensor, weight: Tensor) -> Tensor:
    # Loss summed over the labelled positions at (N), whose next tokens are labels (N). Adds weight * d(loss sum) to gradient (flat).
    # frequencies (tables, conversations, R / 2): what a token's position is multiplied with.
    ts = self.integers(lengths)
    saved = annotate(List[Tensor], [])
    tokens = self.whole_tiles(ids, ts)
    x, cosines, sines = self.begin(w, tokens, ts, frequencies)
    x = self.layers_forward(w, flat, self.noised(x, ts), cosines, sines, ts, saved, True, True)
    n, inverse = self.norm(torch.index_select(x, 0, at))
    dn = torch.empty_like(n)
    loss = self.head_loss(self.affine(n, w[2], w[3]), labels, w[4], w[5], dn)[0]
    dn.mul_(float(weight)).mul_(w[2])
    dx = torch.zeros_like(x).index_copy_(0, at, self.norm_backward(dn, n, inverse))
    self.layers_backward(w, flat, gradient, dx, cosines, sines, ts, saved)
    return loss

def evaluate(self, w: List[Tensor], flat: Tensor, ids: Tensor, lengths: Tensor, frequencies: Tensor, at: Tensor, labels: Tensor) -> Tuple[Tensor, Tensor]:
    # Loss summed over the labels, and how many of them are the likeliest token.
    x = self.hidden(w, flat, ids, self.integers(lengths), frequencies)
    return self.head_loss(self.final(w, torch.index_select(x, 0, at)), labels, w[4], w[5], torch.empty([0]))

def scores(self, w: List[Tensor], flat: Tensor, ids: Tensor, lengths: Tensor, frequencies: Tensor, at: Tensor, labels: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
    # What evaluate sums, position by position (see head_scores). Positions may repeat: several labels for one of them.
    x = self.hidden(w, flat, ids, self.integers(lengths), frequencies)
    return self.head_scores(self.final(w, torch.index_select(x, 0, at)), labels, w[4], w[5])

def logits(self, w: List[Tensor], flat: Tensor, ids: Tensor, lengths: Tensor, frequencies: Tensor, at: Tensor) -> Tensor:
    # (N, vocabulary) at the given positions.
    x = self.hidden(w, flat, ids, self.integers(lengths), frequencies)
    n = self.final(w, torch.index_select(x, 0, at))
    return self.vocabulary(n, w[4], w[5])[0].to(self.wide(n))

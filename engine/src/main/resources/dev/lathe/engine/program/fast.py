# The fast path: forward and backward written out, no tape, only what the adapters' gradients need is kept.
# Weights w: embedding, final norm, vocabulary head, then per layer norm, q|k|v stacked, o, norm, gate|up stacked, down.
# What a layer keeps (saved): normalised input and 1/rms, h A' of q|k|v, q, k, v, attention output and its A', the second norm's
# two, h A' of gate|up, gate, up, and the down projection's A'. Everything else is cheaper to compute again.

def project(self, y: Tensor, at: int, ha: Tensor, slot: int, flat: Tensor, layer: int, target: int):
    # Adds scale * (h A') B' to the columns of y that belong to one of several stacked projections.
    r = self.ranks[target]
    if r > 0:
        a, b = self.lora(flat, layer, target)
        y.narrow(1, at, self.outs[target]).addmm_(ha.narrow(1, slot, r), b.t(), alpha=self.scale)

def stacked_a(self, flat: Tensor, layer: int, first: int, last: int) -> Tensor:
    # The A of neighbouring targets, which lie one after another in the flat adapter: (sum of ranks, in).
    r = 0
    for target in range(first, last):
        r += self.ranks[target]
    return flat.narrow(0, self.a_at[layer * 7 + first], r * self.ins[first]).view([r, self.ins[first]])

def layers_forward(self, w: List[Tensor], flat: Tensor, embedded: Tensor, cos: Tensor, sin: Tensor, lengths: List[int], saved: List[Tensor], keep: bool) -> Tensor:
    nq, nk, f = self.heads * self.head, self.kv * self.head, self.ffn
    x = embedded
    m = x.size(0)
    for i in range(self.layers):
        at = 3 + i * 6
        n1, i1 = self.rms(x)
        h = n1 * w[at]
        qkv = torch.mm(h, w[at + 1].t())
        ha = torch.mm(h, self.stacked_a(flat, i, 0, 3).t())
        self.project(qkv, 0, ha, 0, flat, i, 0)
        self.project(qkv, nq, ha, self.ranks[0], flat, i, 1)
        self.project(qkv, nq + nk, ha, self.ranks[0] + self.ranks[1], flat, i, 2)
        qk = self.rotate(qkv.narrow(1, 0, nq + nk).view([m, -1, self.head]), cos, sin).view([m, nq + nk])
        q, k = qk.narrow(1, 0, nq).contiguous(), qk.narrow(1, nq, nk).contiguous()
        v = qkv.narrow(1, nq + nk, nk).contiguous()
        o = self.attend(q, k, v, lengths)
        oa = torch.mm(o, self.stacked_a(flat, i, 3, 4).t())
        x1 = torch.addmm(x, o, w[at + 2].t())
        self.project(x1, 0, oa, 0, flat, i, 3)
        n2, i2 = self.rms(x1)
        h2 = n2 * w[at + 3]
        # Two products, not one: the halves of one would be strided, and silu on those is several times slower.
        gate, up = torch.mm(h2, w[at + 4].narrow(0, 0, f).t()), torch.mm(h2, w[at + 4].narrow(0, f, f).t())
        ha2 = torch.mm(h2, self.stacked_a(flat, i, 4, 6).t())
        self.project(gate, 0, ha2, 0, flat, i, 4)
        self.project(up, 0, ha2, self.ranks[4], flat, i, 5)
        z = torch.silu(gate).mul_(up)
        za = torch.mm(z, self.stacked_a(flat, i, 6, 7).t())
        x = torch.addmm(x1, z, w[at + 5].t())
        self.project(x, 0, za, 0, flat, i, 6)
        if keep:
            saved += [n1, i1, ha, q, k, v, o, oa, n2, i2, ha2, gate, up, za]
    return x

def lora_backward(self, dy: Tensor, at: int, h: Tensor, ha: Tensor, slot: int, flat: Tensor, gradient: Tensor, layer: int, target: int) -> Tensor:
    # dB = scale * dy' (h A'), added to the flat gradient; returns scale * dy B, from which dA and dh follow.
    r = self.ranks[target]
    a, b = self.lora(flat, layer, target)
    da, db = self.lora(gradient, layer, target)
    d = dy.narrow(1, at, self.outs[target])
    db.add_(torch.mm(d.t(), ha.narrow(1, slot, r)), alpha=self.scale)
    return torch.mm(d, b).mul_(self.scale)

def layers_backward(self, w: List[Tensor], flat: Tensor, gradient: Tensor, dx: Tensor, cos: Tensor, sin: Tensor, lengths: List[int], saved: List[Tensor]):
    nq, nk, f = self.heads * self.head, self.kv * self.head, self.ffn
    m = dx.size(0)
    gone = torch.empty([0])
    for j in range(self.layers):
        i = self.layers - 1 - j
        at, s = 3 + i * 6, i * 14
        n1, i1, ha, q, k, v, o, oa = saved[s], saved[s + 1], saved[s + 2], saved[s + 3], saved[s + 4], saved[s + 5], saved[s + 6], saved[s + 7]
        n2, i2, ha2, gate, up, za = saved[s + 8], saved[s + 9], saved[s + 10], saved[s + 11], saved[s + 12], saved[s + 13]
        for t in range(14):
            saved[s + t] = gone

        # down projection: x = x1 + z W', z = silu(gate) * up
        active = torch.silu(gate)
        b = self.lora_backward(dx, 0, active, za, 0, flat, gradient, i, 6)
        self.stacked_a(gradient, i, 6, 7).add_(torch.mm(b.t(), active * up))
        dz = torch.mm(dx, w[at + 5]).addmm_(b, self.stacked_a(flat, i, 6, 7))

        # gate and up
        dup = active.mul_(dz)
        dgate = torch.silu_backward(dz.mul_(up), gate)
        h2 = n2 * w[at + 3]
        b = torch.cat([self.lora_backward(dgate, 0, h2, ha2, 0, flat, gradient, i, 4), self.lora_backward(dup, 0, h2, ha2, self.ranks[4], flat, gradient, i, 5)], 1)
        self.stacked_a(gradient, i, 4, 6).add_(torch.mm(b.t(), h2))
        dh = torch.mm(dgate, w[at + 4].narrow(0, 0, f)).addmm_(dup, w[at + 4].narrow(0, f, f)).addmm_(b, self.stacked_a(flat, i, 4, 6))
        dx1 = self.rms_backward(dh.mul_(w[at + 3]), n2, i2).add_(dx)

        # output projection: x1 = x + o W'
        b = self.lora_backward(dx1, 0, o, oa, 0, flat, gradient, i, 3)
        self.stacked_a(gradient, i, 3, 4).add_(torch.mm(b.t(), o))
        do = torch.mm(dx1, w[at + 2]).addmm_(b, self.stacked_a(flat, i, 3, 4))

        # attention, rotation, and q|k|v
        dq, dk, dv = self.attend_backward(do, q, k, v, lengths)
        dqkv = torch.empty([m, nq + nk + nk], dtype=dx.dtype, device=dx.device)
        dqk = torch.cat([dq, dk], 1).view([m, -1, self.head])
        dqkv.narrow(1, 0, nq + nk).view([m, -1, self.head]).copy_(self.rotate_backward(dqk, cos, sin))
        dqkv.narrow(1, nq + nk, nk).copy_(dv)
        h = n1 * w[at]
        b = torch.cat([self.lora_backward(dqkv, 0, h, ha, 0, flat, gradient, i, 0), self.lora_backward(dqkv, nq, h, ha, self.ranks[0], flat, gradient, i, 1), self.lora_backward(dqkv, nq + nk, h, ha, self.ranks[0] + self.ranks[1], flat, gradient, i, 2)], 1)
        self.stacked_a(gradient, i, 0, 3).add_(torch.mm(b.t(), h))
        if i > 0:
            # Nothing below the first layer is trained, so its input's gradient is not needed.
            dh = torch.mm(dqkv, w[at + 1]).addmm_(b, self.stacked_a(flat, i, 0, 3))
            dx = self.rms_backward(dh.mul_(w[at]), n1, i1).add_(dx1)

def whole_tiles(self, ids: Tensor, lengths: List[int]) -> Tensor:
    # Pads the tokens to a whole number of tiles with a last conversation of zeros that nothing learns from (see attention).
    rest = (self.tile - ids.size(0) % self.tile) % self.tile
    if rest > 0:
        lengths.append(rest)
        return torch.cat([ids, torch.zeros([rest], dtype=ids.dtype, device=ids.device)])
    return ids

def hidden(self, w: List[Tensor], flat: Tensor, ids: Tensor, lengths: List[int]) -> Tensor:
    # ids (M) of conversations laid end to end -> the last layer's output (M, H), before the final norm.
    tokens = self.whole_tiles(ids, lengths)
    x = torch.embedding(w[0], tokens)
    cos, sin = self.rotary(self.positions_of(lengths, tokens), x.dtype)
    return self.layers_forward(w, flat, x, cos, sin, lengths, annotate(List[Tensor], []), False)

def fast(self, w: List[Tensor], flat: Tensor, gradient: Tensor, ids: Tensor, lengths: Tensor, at: Tensor, labels: Tensor, weight: Tensor) -> Tensor:
    # Loss summed over the labelled positions at (N), whose next tokens are labels (N). Adds weight * d(loss sum) to gradient (flat).
    ts = self.integers(lengths)
    saved = annotate(List[Tensor], [])
    tokens = self.whole_tiles(ids, ts)
    x = torch.embedding(w[0], tokens)
    cos, sin = self.rotary(self.positions_of(ts, tokens), x.dtype)
    x = self.layers_forward(w, flat, x, cos, sin, ts, saved, True)
    n, inverse = self.rms(torch.index_select(x, 0, at))
    dn = torch.empty_like(n)
    loss = self.head_loss(n * w[1], labels, w[2], dn)[0]
    dn.mul_(float(weight)).mul_(w[1])
    dx = torch.zeros_like(x).index_copy_(0, at, self.rms_backward(dn, n, inverse))
    self.layers_backward(w, flat, gradient, dx, cos, sin, ts, saved)
    return loss

def evaluate(self, w: List[Tensor], flat: Tensor, ids: Tensor, lengths: Tensor, at: Tensor, labels: Tensor) -> Tuple[Tensor, Tensor]:
    # Loss summed over the labels, and how many of them are the likeliest token.
    x = self.hidden(w, flat, ids, self.integers(lengths))
    n, inverse = self.rms(torch.index_select(x, 0, at))
    return self.head_loss(n * w[1], labels, w[2], torch.empty([0]))

def scores(self, w: List[Tensor], flat: Tensor, ids: Tensor, lengths: Tensor, at: Tensor, labels: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
    # What evaluate sums, position by position (see head_scores). Positions may repeat: several labels for one of them.
    n, inverse = self.rms(torch.index_select(self.hidden(w, flat, ids, self.integers(lengths)), 0, at))
    return self.head_scores(n * w[1], labels, w[2])

def logits(self, w: List[Tensor], flat: Tensor, ids: Tensor, lengths: Tensor, at: Tensor) -> Tensor:
    # (N, vocabulary) at the given positions.
    n, inverse = self.rms(torch.index_select(self.hidden(w, flat, ids, self.integers(lengths)), 0, at))
    return torch.mm(n * w[1], w[2].t()).to(self.wide(n))

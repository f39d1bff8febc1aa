# The tape: the model as a textbook writes it, differentiated by autograd. The reference that the fast path is held to.

def linear(self, h: Tensor, hd: Tensor, weight: Tensor, bias: Tensor, flat: Tensor, layer: int, target: int, row: int) -> Tensor:
    # A layer and its adapter, of which the rows from row on belong to it; the adapter reads hd, which is h but for dropout.
    y = self.product(h, weight, self.early(bias))
    if self.ranks[target] > 0:
        a, b = self.lora(flat, layer, target)
        y = y + torch.linear(torch.linear(hd, a), b.narrow(0, row, weight.size(0))) * self.scale
        if self.dora:
            y = y + y * self.beyond_one(flat, layer, target, row, weight.size(0))
    return self.late(y, bias)

def part(self, bias: Tensor, start: int, length: int) -> Tensor:
    return bias if bias.numel() == 0 else bias.narrow(0, start, length)

def queries_keys_values(self, w: List[Tensor], flat: Tensor, h: Tensor, hd: Tensor, cosines: List[Tensor], sines: List[Tensor], i: int) -> Tuple[Tensor, Tensor, Tensor]:
    # (M, heads, D) and twice (M, kv, D), rotated
    at = self.first_weight(i)
    nq, nk = self.heads * self.head, self.kv * self.head
    one = self.fused(0, nq)
    qkv = self.weight(w, i, 0)
    q = self.linear(h, hd, qkv.narrow(0, 0, nq), self.part(w[at + 3], 0, nq), flat, i, 0, 0).view([h.size(0), -1, self.head])
    k = self.linear(h, hd, qkv.narrow(0, nq, nk), self.part(w[at + 3], nq, nk), flat, i, 0 if one else 1, nq if one else 0).view([h.size(0), -1, self.head])
    v = self.linear(h, hd, qkv.narrow(0, nq + nk, nk), self.part(w[at + 3], nq + nk, nk), flat, i, 0 if one else 2, nq + nk if one else 0).view([h.size(0), -1, self.head])
    if self.head_norms:
        q = self.rms(q)[0] * w[at + 12].narrow(0, 0, self.heads)
        k = self.rms(k)[0] * w[at + 12].narrow(0, self.heads, self.kv)
    if self.rotated > 0:
        q = self.rotate(q, cosines[self.tables[i]], sines[self.tables[i]])
        k = self.rotate(k, cosines[self.tables[i]], sines[self.tables[i]])
    return q, k, v

def softmax_of(self, q: Tensor, k: Tensor, hidden: Tensor) -> Tensor:
    # Attention's probabilities; k and hidden have, or are broadcast to, q's leading dimensions.
    scores = torch.matmul(q, k.transpose(-2, -1)) * self.query_scale
    if self.attention_cap > 0.:
        scores = torch.tanh(scores / self.attention_cap) * self.attention_cap
    return torch.softmax(scores.masked_fill(hidden, -inf), -1)

def block_rest(self, w: List[Tensor], flat: Tensor, x: Tensor, h: Tensor, o: Tensor, i: int, train: bool) -> Tensor:
    # From what attention says (M, heads * D) to the layer's output.
    at = self.first_weight(i)
    f = self.ffn
    added = self.linear(o, self.dropped(o, train)[0], self.weight(w, i, 1), w[at + 5], flat, i, 3, 0)
    if self.sandwich:
        added = self.norm(added)[0] * w[at + 13]
    x1 = x + added
    h2 = h if self.parallel else self.affine(self.norm(x1)[0], w[at + 6], w[at + 7])
    hd2 = self.dropped(h2, train)[0]
    inner = self.weight(w, i, 2)
    if self.gated:
        one = self.fused(4, f)
        gate = self.linear(h2, hd2, inner.narrow(0, 0, f), self.part(w[at + 9], 0, f), flat, i, 4, 0)
        up = self.linear(h2, hd2, inner.narrow(0, f, f), self.part(w[at + 9], f, f), flat, i, 4 if one else 5, f if one else 0)
        z = self.activate(gate) * up
    else:
        z = self.activate(self.linear(h2, hd2, inner, w[at + 9], flat, i, 4, 0))
    added = self.linear(z, self.dropped(z, train)[0], self.weight(w, i, 3), w[at + 11], flat, i, 6, 0)
    if self.sandwich:
        added = self.norm(added)[0] * w[at + 14]
    return x1 + added

def block_forward(self, w: List[Tensor], flat: Tensor, x: Tensor, cosines: List[Tensor], sines: List[Tensor], i: int) -> Tensor:
    at = self.first_weight(i)
    t = x.size(0)
    h = self.affine(self.norm(x)[0], w[at], w[at + 1])
    q, k, v = self.queries_keys_values(w, flat, h, self.dropped(h, True)[0], cosines, sines, i)
    places = torch.arange(t, device=x.device)
    hidden = torch.gt(places.unsqueeze(0), places.unsqueeze(1))
    if self.windows[i] > 0:
        hidden = torch.logical_or(hidden, torch.le(places.unsqueeze(0), places.unsqueeze(1) - self.windows[i]))
    p = self.softmax_of(q.view([t, self.kv, -1, self.head]).permute([1, 2, 0, 3]), k.permute([1, 0, 2]).unsqueeze(1), hidden)
    o = torch.matmul(p, v.permute([1, 0, 2]).unsqueeze(1)).permute([2, 0, 1, 3]).reshape([t, -1])
    return self.block_rest(w, flat, x, h, o, i, True)

def tape_scores(self, w: List[Tensor], adapter: Tensor, ids: Tensor, lengths: Tensor, frequencies: Tensor, at: Tensor, labels: Tensor) -> Tensor:
    # Log-probabilities (N, 1) of the labels at the positions at (N).
    parts = annotate(List[Tensor], [])
    start = 0
    ts = self.integers(lengths)
    for c in range(len(ts)):
        t = ts[c]
        places = torch.arange(t, device=ids.device)
        x = self.noised(self.embed(w, ids.narrow(0, start, t), places), [t])
        cosines, sines = self.rotary(frequencies, places, torch.full([t], min(c, frequencies.size(1) - 1), dtype=4, device=ids.device), x.dtype)
        for i in range(self.layers):
            x = self.block_forward(w, adapter, x, cosines, sines, i)
        parts.append(x)
        start += t
    h = self.final(w, torch.index_select(torch.cat(parts), 0, at))
    said = self.product(h, w[4], w[5])
    if self.final_cap > 0.:
        said = torch.tanh(said / self.final_cap) * self.final_cap
    return torch.gather(torch.log_softmax(said, -1, self.wide(h)), 1, labels.unsqueeze(1))

def tape(self, w: List[Tensor], flat: Tensor, gradient: Tensor, ids: Tensor, lengths: Tensor, frequencies: Tensor, at: Tensor, labels: Tensor, weight: Tensor) -> Tensor:
    # The same contract as fast.
    before = torch.is_grad_enabled()
    torch.set_grad_enabled(True)
    adapter, saved = self.of_adapter(flat).detach().requires_grad_(True), self.of_saved(flat).detach().requires_grad_(True)
    leaves = self.leaves(w) if self.full else self.wearing(w, saved)
    loss = torch.neg(torch.sum(self.tape_scores(leaves, adapter, ids, lengths, frequencies, at, labels)))
    self.taped(loss * float(weight), leaves, adapter, saved, gradient)
    torch.set_grad_enabled(before)
    return loss.detach().to(7)

def taped(self, loss: Tensor, leaves: List[Tensor], adapter: Tensor, saved: Tensor, gradient: Tensor):
    # Adds the loss's gradient, by autograd.
    if self.full:
        self.learn_by_tape(loss, leaves, gradient)
    else:
        each = torch.grad([loss], [saved, adapter], None, None, False, True)
        for found, part in [(each[0], self.of_saved(gradient)), (each[1], self.of_adapter(gradient))]:
            if found is not None:
                part.add_(found.detach())

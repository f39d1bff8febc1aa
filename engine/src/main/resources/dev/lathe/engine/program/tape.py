# The tape: the model as a textbook writes it, differentiated by autograd. The reference that the fast path is held to.

def linear(self, h: Tensor, weight: Tensor, flat: Tensor, layer: int, target: int) -> Tensor:
    y = torch.linear(h, weight)
    if self.ranks[target] > 0:
        a, b = self.lora(flat, layer, target)
        y = y + torch.linear(torch.linear(h, a), b) * self.scale
    return y

def split_heads(self, x: Tensor) -> Tensor:
    return x.view([x.size(0), -1, self.head]).transpose(0, 1).unsqueeze(0)

def block_forward(self, w: List[Tensor], flat: Tensor, x: Tensor, cos: Tensor, sin: Tensor, i: int) -> Tensor:
    at = 3 + i * 6
    nq, nk, f = self.heads * self.head, self.kv * self.head, self.ffn
    h = self.rms(x)[0] * w[at]
    q = self.linear(h, w[at + 1].narrow(0, 0, nq), flat, i, 0)
    k = self.linear(h, w[at + 1].narrow(0, nq, nk), flat, i, 1)
    v = self.linear(h, w[at + 1].narrow(0, nq + nk, nk), flat, i, 2)
    q = self.rotate(q.view([x.size(0), -1, self.head]), cos, sin).flatten(1)
    k = self.rotate(k.view([x.size(0), -1, self.head]), cos, sin).flatten(1)
    o = torch.scaled_dot_product_attention(self.split_heads(q), self.split_heads(k), self.split_heads(v), None, 0., True, scale=None, enable_gqa=True)
    x = x + self.linear(o.squeeze(0).transpose(0, 1).flatten(1), w[at + 2], flat, i, 3)
    h = self.rms(x)[0] * w[at + 3]
    gate = self.linear(h, w[at + 4].narrow(0, 0, f), flat, i, 4)
    up = self.linear(h, w[at + 4].narrow(0, f, f), flat, i, 5)
    return x + self.linear(torch.silu(gate) * up, w[at + 5], flat, i, 6)

def tape(self, w: List[Tensor], flat: Tensor, gradient: Tensor, ids: Tensor, lengths: Tensor, at: Tensor, labels: Tensor, weight: Tensor) -> Tensor:
    # The same contract as fast.
    before = torch.is_grad_enabled()
    torch.set_grad_enabled(True)
    adapter = flat.detach().requires_grad_(True)
    parts = annotate(List[Tensor], [])
    start = 0
    for t in self.integers(lengths):
        x = torch.embedding(w[0], ids.narrow(0, start, t))
        cos, sin = self.rotary(torch.arange(t, device=ids.device), x.dtype)
        for i in range(self.layers):
            x = self.block_forward(w, adapter, x, cos, sin, i)
        parts.append(x)
        start += t
    h = self.rms(torch.index_select(torch.cat(parts), 0, at))[0] * w[1]
    scores = torch.log_softmax(torch.linear(h, w[2]), -1, self.wide(h))
    loss = torch.neg(torch.sum(torch.gather(scores, 1, labels.unsqueeze(1))))
    found = torch.grad([loss * float(weight)], [adapter], None, None, False, False)[0]
    torch.set_grad_enabled(before)
    if found is not None:
        gradient.add_(found.detach())
    return loss.detach().to(7)

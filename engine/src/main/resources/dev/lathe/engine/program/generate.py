# Greedy generation for a batch of B conversations with a cache of keys and values (2, layers, B, kv, T, D).

def prefill(self, w: List[Tensor], flat: Tensor, cache: Tensor, ids: Tensor, lengths: Tensor) -> Tensor:
    # Reads the prompts, laid end to end, into the cache; returns the likeliest next token of each (B).
    ts = self.integers(lengths)
    rows = len(ts)
    saved = annotate(List[Tensor], [])
    tokens = self.whole_tiles(ids, ts)
    x = torch.embedding(w[0], tokens)
    cos, sin = self.rotary(self.positions_of(ts, tokens), x.dtype)
    x = self.layers_forward(w, flat, x, cos, sin, ts, saved, True)
    for i in range(self.layers):
        start = 0
        for b in range(rows):
            for s in range(2):
                cache.select(0, s).select(0, i).select(0, b).narrow(1, 0, ts[b]).copy_(self.heads_of(saved[i * 14 + 4 + s], start, ts[b]).squeeze(1))
            start += ts[b]
    return self.likeliest(w, torch.index_select(x, 0, torch.cumsum(lengths, 0) - 1))

def likeliest(self, w: List[Tensor], x: Tensor) -> Tensor:
    return torch.argmax(torch.mm(self.rms(x)[0] * w[1], w[2].t()), 1)

def next(self, w: List[Tensor], flat: Tensor, cache: Tensor, ids: Tensor, positions: Tensor) -> Tensor:
    # One more token for every row: ids (B) stand at positions (B); returns the likeliest tokens after them (B).
    nq, nk, f = self.heads * self.head, self.kv * self.head, self.ffn
    rows, seen = ids.size(0), int(positions.max()) + 1
    x = torch.embedding(w[0], ids)
    cos, sin = self.rotary(positions, x.dtype)
    batch = torch.arange(rows, device=ids.device)
    future = torch.gt(torch.arange(seen, device=ids.device).unsqueeze(0), positions.unsqueeze(1)).view([rows, 1, 1, seen])
    for i in range(self.layers):
        at = 3 + i * 6
        h = self.rms(x)[0] * w[at]
        q = self.linear(h, w[at + 1].narrow(0, 0, nq), flat, i, 0)
        k = self.linear(h, w[at + 1].narrow(0, nq, nk), flat, i, 1)
        v = self.linear(h, w[at + 1].narrow(0, nq + nk, nk), flat, i, 2)
        q = self.rotate(q.view([rows, -1, self.head]), cos, sin).view([rows, self.kv, -1, self.head])
        keys, values = cache.select(0, 0).select(0, i), cache.select(0, 1).select(0, i)
        keys.index_put_([batch, None, positions], self.rotate(k.view([rows, -1, self.head]), cos, sin))
        values.index_put_([batch, None, positions], v.view([rows, -1, self.head]))
        scores = torch.matmul(q, keys.narrow(2, 0, seen).transpose(2, 3)).mul_(1. / torch.sqrt(self.head))
        p = torch.softmax(scores.masked_fill_(future, -inf), -1)
        o = torch.matmul(p, values.narrow(2, 0, seen)).view([rows, nq])
        x = x + self.linear(o, w[at + 2], flat, i, 3)
        h = self.rms(x)[0] * w[at + 3]
        gate = self.linear(h, w[at + 4].narrow(0, 0, f), flat, i, 4)
        up = self.linear(h, w[at + 4].narrow(0, f, f), flat, i, 5)
        x = x + self.linear(torch.silu(gate) * up, w[at + 5], flat, i, 6)
    return self.likeliest(w, x)

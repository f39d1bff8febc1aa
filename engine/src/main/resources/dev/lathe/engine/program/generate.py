# Greedy generation for a batch of B conversations with a cache of keys and values (2, layers, B, kv, T, D).

def prefill(self, w: List[Tensor], flat: Tensor, cache: Tensor, ids: Tensor, lengths: Tensor, frequencies: Tensor) -> Tensor:
    # Reads the prompts, laid end to end, into the cache; returns the likeliest next token of each (B).
    w, flat = self.wearing(w, flat), self.of_adapter(flat)
    ts = self.integers(lengths)
    rows = len(ts)
    tokens = self.whole_tiles(ids, ts)
    x, cosines, sines = self.begin(w, tokens, ts, frequencies)
    for i in range(self.layers):
        kept = [torch.empty([0], dtype=x.dtype, device=x.device)]
        x = self.layer_forward(w, flat, x, cosines, sines, ts, torch.empty([0], dtype=4, device=x.device), i, annotate(List[Tensor], []), kept, False, True)[0]
        s = 1
        for b in range(rows):
            # After a conversation's queries stand its keys and values, (kv, whole tiles, D).
            cache.select(0, 0).select(0, i).select(0, b).narrow(1, 0, ts[b]).copy_(kept[s + 1].narrow(1, 0, ts[b]))
            cache.select(0, 1).select(0, i).select(0, b).narrow(1, 0, ts[b]).copy_(kept[s + 2].narrow(1, 0, ts[b]))
            s += 3 + (kept[s + 1].size(1) + self.block - 1) // self.block
    return self.likeliest(w, torch.index_select(x, 0, torch.cumsum(lengths, 0) - 1))

def likeliest(self, w: List[Tensor], x: Tensor) -> Tensor:
    n = self.final(w, x)
    return torch.argmax(self.vocabulary(n, w[4], w[5], self.room(n.size(0), n, w[4]))[0], 1)

def next(self, w: List[Tensor], flat: Tensor, cache: Tensor, ids: Tensor, positions: Tensor, frequencies: Tensor) -> Tensor:
    # One more token for every row: ids (B) stand at positions (B); returns the likeliest tokens after them (B).
    w, flat = self.wearing(w, flat), self.of_adapter(flat)
    rows, seen = ids.size(0), int(positions.max()) + 1
    batch = torch.arange(rows, device=ids.device)
    x = self.embed(w, ids, positions)
    cosines, sines = self.rotary(frequencies, positions, torch.clamp(batch, None, frequencies.size(1) - 1), x.dtype)
    places = torch.arange(seen, device=ids.device).unsqueeze(0)
    future = torch.gt(places, positions.unsqueeze(1))
    for i in range(self.layers):
        at = self.first_weight(i)
        h = self.affine(self.norm(x)[0], w[at], w[at + 1])
        q, k, v = self.queries_keys_values(w, flat, h, h, cosines, sines, i)
        keys, values = cache.select(0, 0).select(0, i), cache.select(0, 1).select(0, i)
        keys.index_put_([batch, None, positions], k)
        values.index_put_([batch, None, positions], v)
        hidden = future
        if self.windows[i] > 0:
            hidden = torch.logical_or(future, torch.le(places, positions.unsqueeze(1) - self.windows[i]))
        p = self.softmax_of(q.reshape([rows, self.kv, -1, self.head]), keys.narrow(2, 0, seen), hidden.view([rows, 1, 1, seen]))
        o = torch.matmul(p, values.narrow(2, 0, seen)).reshape([rows, -1])
        x = self.block_rest(w, flat, x, h, o, i, False)
    return self.likeliest(w, x)

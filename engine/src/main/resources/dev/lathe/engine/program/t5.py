# An encoder-decoder (T5, Raffel et al. 2020), differentiated by autograd only: the decoder families' fast path has nothing for it.
# A conversation is what the encoder reads and then what the decoder says; the first position that is asked for ends the first of the two.
# Weights w: embedding, vocabulary head, the encoder's last norm, the decoder's, the encoder's biases of distances (buckets, heads), the
# decoder's; then of every layer, the encoder's first, norm, q|k|v stacked, o, norm, gate|up stacked (or the one way in), down; then of
# every decoder layer what looks at the encoder: norm, q, k|v stacked, o. Of an adapter's slots the last four are theirs.

def first_weight(self, layer: int) -> int:
    return 6 + layer * 6

def cross_weight(self, layer: int) -> int:
    # Of the decoder's layer, counted from the decoder's first.
    return self.first_weight(self.layers) + layer * 4

def adapted(self, h: Tensor, read: Tensor, weight: Tensor, flat: Tensor, layer: int, target: int) -> Tensor:
    # A linear layer and its adapter, which reads what dropout leaves of h.
    y = torch.mm(h, weight.t())
    if self.ranks[target] > 0:
        a, b = self.lora(flat, layer, target)
        y = y + torch.linear(torch.linear(read, a), b) * self.scale
    return y

def split(self, x: Tensor) -> Tensor:
    # (n, heads * D) -> (heads, n, D)
    return x.view([x.size(0), self.heads, self.head]).transpose(0, 1)

def bucket(self, distance: Tensor, buckets: int) -> Tensor:
    # Of distances from 0 on: half of the buckets hold one each, the others ever more, up to self.farthest (section 2.1). In float32, as
    # everywhere, because rounding decides where a distance on a border falls.
    exact = buckets // 2
    far = torch.log(torch.clamp(distance, exact).to(6) / exact) / torch.log(self.farthest / exact) * (buckets - exact)
    return torch.where(torch.lt(distance, exact), distance, torch.clamp(far.to(4) + exact, None, buckets - 1))

def distances(self, table: Tensor, asking: Tensor, asked: Tensor, both_ways: bool) -> Tensor:
    # What scores are biased by, (heads, n, m): positions asking (n) and asked (m). The decoder does not see what is ahead.
    ahead = asked.unsqueeze(0) - asking.unsqueeze(1)
    if both_ways:
        half = self.buckets // 2
        which = self.bucket(torch.abs(ahead), half) + torch.gt(ahead, 0).to(4) * half
        return torch.embedding(table, which).permute([2, 0, 1])
    which = self.bucket(torch.clamp(torch.neg(ahead), 0), self.buckets)
    return torch.embedding(table, which).permute([2, 0, 1]).masked_fill(torch.gt(ahead, 0), -inf)

def weighed(self, q: Tensor, k: Tensor, v: Tensor, bias: Tensor) -> Tensor:
    # Attention: (heads, n, D) and twice (heads, m, D) -> (n, heads * D). Scores are not scaled.
    scores = torch.matmul(q, k.transpose(1, 2))
    if bias.numel() > 0:
        scores = scores + bias
    return torch.matmul(torch.softmax(scores, -1), v).transpose(0, 1).reshape([q.size(1), -1])

def attended(self, w: List[Tensor], flat: Tensor, x: Tensor, bias: Tensor, i: int, room: Tensor, place: int, train: bool) -> Tensor:
    # A stack looks at itself. room (2, heads, T, D), unless it is empty: keys and values of the places before place, where those of x go.
    at, width = self.first_weight(i), self.heads * self.head
    h = self.rms(x)[0] * w[at]
    read = self.dropped(h, train)[0]
    q = self.split(self.adapted(h, read, w[at + 1].narrow(0, 0, width), flat, i, 0))
    k = self.split(self.adapted(h, read, w[at + 1].narrow(0, width, width), flat, i, 1))
    v = self.split(self.adapted(h, read, w[at + 1].narrow(0, 2 * width, width), flat, i, 2))
    if room.numel() > 0:
        room.select(0, 0).narrow(1, place, x.size(0)).copy_(k)
        room.select(0, 1).narrow(1, place, x.size(0)).copy_(v)
        k, v = room.select(0, 0).narrow(1, 0, place + x.size(0)), room.select(0, 1).narrow(1, 0, place + x.size(0))
    o = self.weighed(q, k, v, bias)
    return x + self.adapted(o, self.dropped(o, train)[0], w[at + 2], flat, i, 3)

def heard_as(self, w: List[Tensor], flat: Tensor, heard: Tensor, read: Tensor, j: int) -> Tuple[Tensor, Tensor]:
    # Keys and values of what the encoder made of the source, as a layer of the decoder sees them.
    both, width, i = w[self.cross_weight(j) + 2], self.heads * self.head, self.encoder_layers + j
    k = self.split(self.adapted(heard, read, both.narrow(0, 0, width), flat, i, 8))
    v = self.split(self.adapted(heard, read, both.narrow(0, width, width), flat, i, 9))
    return k, v

def listened(self, w: List[Tensor], flat: Tensor, x: Tensor, k: Tensor, v: Tensor, j: int, train: bool) -> Tensor:
    # The decoder looks at the encoder; no distance is told.
    at, i = self.cross_weight(j), self.encoder_layers + j
    h = self.rms(x)[0] * w[at]
    q = self.split(self.adapted(h, self.dropped(h, train)[0], w[at + 1], flat, i, 7))
    o = self.weighed(q, k, v, torch.empty([0]))
    return x + self.adapted(o, self.dropped(o, train)[0], w[at + 3], flat, i, 10)

def fed(self, w: List[Tensor], flat: Tensor, x: Tensor, i: int, train: bool) -> Tensor:
    at, f = self.first_weight(i), self.ffn
    h = self.rms(x)[0] * w[at + 3]
    read = self.dropped(h, train)[0]
    z = self.activate(self.adapted(h, read, w[at + 4].narrow(0, 0, f), flat, i, 4))
    if self.gated:
        z = z * self.adapted(h, read, w[at + 4].narrow(0, f, f), flat, i, 5)
    return x + self.adapted(z, self.dropped(z, train)[0], w[at + 5], flat, i, 6)

def embedded(self, w: List[Tensor], ids: Tensor, train: bool) -> Tensor:
    x = torch.embedding(w[0], ids)
    return self.noised(x, [ids.size(0)]) if train else x

def encoded(self, w: List[Tensor], flat: Tensor, ids: Tensor, train: bool) -> Tensor:
    # What the encoder makes of a source, (n, H).
    x = self.embedded(w, ids, train)
    places = torch.arange(ids.size(0), device=ids.device)
    bias = self.distances(w[4], places, places, True)
    for i in range(self.encoder_layers):
        x = self.attended(w, flat, x, bias, i, torch.empty([0]), 0, train)
        x = self.fed(w, flat, x, i, train)
    return self.rms(x)[0] * w[2]

def decoded(self, w: List[Tensor], flat: Tensor, heard: Tensor, ids: Tensor, train: bool) -> Tensor:
    # What the vocabulary head reads after each of the ids, (n, H).
    x = self.embedded(w, ids, train)
    places = torch.arange(ids.size(0), device=ids.device)
    bias = self.distances(w[5], places, places, False)
    for j in range(self.layers - self.encoder_layers):
        x = self.attended(w, flat, x, bias, self.encoder_layers + j, torch.empty([0]), 0, train)
        k, v = self.heard_as(w, flat, heard, self.dropped(heard, train)[0], j)
        x = self.listened(w, flat, x, k, v, j, train)
        x = self.fed(w, flat, x, self.encoder_layers + j, train)
    return self.final(w, x)

def final(self, w: List[Tensor], x: Tensor) -> Tensor:
    # A head that is the embedding matrix reads a smaller vector.
    h = self.rms(x)[0] * w[3]
    return h * self.head_scale if self.head_scale != 1. else h

def started(self, ids: Tensor) -> Tensor:
    # What the decoder reads: the same one place later.
    return torch.cat([torch.full([1], self.start_token, dtype=4, device=ids.device), ids])

def spoken(self, w: List[Tensor], flat: Tensor, ids: Tensor, lengths: Tensor, at: Tensor, train: bool) -> Tensor:
    # What the vocabulary head reads at positions at (N), which increase, of conversations laid end to end: (N, H).
    places = self.integers(at)
    parts = [torch.embedding(w[0], ids.narrow(0, 0, 0))]
    start, done = 0, 0
    for t in self.integers(lengths):
        n = 0
        while done + n < len(places) and places[done + n] < start + t:
            n += 1
        if n > 0:
            source = places[done] + 1 - start
            said = self.started(ids.narrow(0, start + source, places[done + n - 1] + 1 - start - source))
            h = self.decoded(w, flat, self.encoded(w, flat, ids.narrow(0, start, source), train), said, train)
            parts.append(torch.index_select(h, 0, at.narrow(0, done, n) - (start + source - 1)))
        start, done = start + t, done + n
    return torch.cat(parts)

def none(self, w: List[Tensor]) -> Tensor:
    return torch.empty([0], dtype=w[0].dtype, device=w[0].device)

def tape(self, w: List[Tensor], flat: Tensor, gradient: Tensor, ids: Tensor, lengths: Tensor, frequencies: Tensor, at: Tensor, labels: Tensor, weight: Tensor) -> Tensor:
    # Loss summed over the labelled positions at (N), whose next tokens are labels (N). Adds weight * d(loss sum) to gradient (flat).
    # The head's share of the way back is written out (head.py), so that logits never exist whole.
    before = torch.is_grad_enabled()
    torch.set_grad_enabled(True)
    adapter = flat.detach().requires_grad_(True)
    h = self.spoken(w, adapter, ids, lengths, at, True)
    torch.set_grad_enabled(False)
    dh = torch.empty_like(h)
    loss = self.head_loss(h.detach(), labels, w[1], self.none(w), dh, torch.empty([0]), annotate(List[Tensor], []))[0]
    torch.set_grad_enabled(before)
    if h.requires_grad:
        found = torch.grad([h], [adapter], annotate(List[Optional[Tensor]], [dh.mul_(float(weight))]), None, False, False)[0]
        if found is not None:
            gradient.add_(found.detach())
    return loss

def fast(self, w: List[Tensor], flat: Tensor, gradient: Tensor, ids: Tensor, lengths: Tensor, frequencies: Tensor, at: Tensor, labels: Tensor, weight: Tensor) -> Tensor:
    return self.tape(w, flat, gradient, ids, lengths, frequencies, at, labels, weight)

def evaluate(self, w: List[Tensor], flat: Tensor, ids: Tensor, lengths: Tensor, frequencies: Tensor, at: Tensor, labels: Tensor) -> Tuple[Tensor, Tensor]:
    # Loss summed over the labels, and how many of them are the likeliest token.
    return self.head_loss(self.spoken(w, flat, ids, lengths, at, False), labels, w[1], self.none(w), torch.empty([0]), torch.empty([0]), annotate(List[Tensor], []))

def scores(self, w: List[Tensor], flat: Tensor, ids: Tensor, lengths: Tensor, frequencies: Tensor, at: Tensor, labels: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
    # What evaluate sums, position by position (see head_scores). Positions may repeat: several labels for one of them.
    return self.head_scores(self.spoken(w, flat, ids, lengths, at, False), labels, w[1], self.none(w))

def logits(self, w: List[Tensor], flat: Tensor, ids: Tensor, lengths: Tensor, frequencies: Tensor, at: Tensor) -> Tensor:
    # (N, vocabulary) at the given positions.
    h = self.spoken(w, flat, ids, lengths, at, False)
    return self.vocabulary(h, w[1], self.none(w), self.room(h.size(0), h, w[1]))[0].to(self.wide(h))

def prefill(self, w: List[Tensor], flat: Tensor, cache: Tensor, ids: Tensor, lengths: Tensor, sources: Tensor) -> Tensor:
    # Reads the sources, laid end to end; returns the likeliest first token of each (B). The cache (2, 2 * the decoder's layers, B, heads,
    # T, D) holds what the decoder says, layer by layer, and then what it hears.
    ts, deep = self.integers(lengths), self.layers - self.encoder_layers
    rows = annotate(List[Tensor], [])
    start = 0
    for b in range(len(ts)):
        heard = self.encoded(w, flat, ids.narrow(0, start, ts[b]), False)
        for j in range(deep):
            k, v = self.heard_as(w, flat, heard, heard, j)
            room = cache.select(1, deep + j).select(1, b)
            room.select(0, 0).narrow(1, 0, ts[b]).copy_(k)
            room.select(0, 1).narrow(1, 0, ts[b]).copy_(v)
        rows.append(self.said(w, flat, cache, b, ts[b], self.started(ids.narrow(0, 0, 0)), 0))
        start += ts[b]
    return self.likeliest(w, torch.cat(rows))

def next(self, w: List[Tensor], flat: Tensor, cache: Tensor, ids: Tensor, positions: Tensor, sources: Tensor) -> Tensor:
    # One more token for every row: ids (B) stand at positions (B), counted from the beginning of sources of so many tokens (B); returns
    # the likeliest tokens after them (B).
    rows = annotate(List[Tensor], [])
    heard = self.integers(sources)
    places = self.integers(positions - sources)
    for b in range(len(heard)):
        rows.append(self.said(w, flat, cache, b, heard[b], ids.narrow(0, b, 1), places[b] + 1))
    return self.likeliest(w, torch.cat(rows))

def said(self, w: List[Tensor], flat: Tensor, cache: Tensor, row: int, source: int, token: Tensor, place: int) -> Tensor:
    # What the vocabulary head reads after one token (1) at the decoder's place, (1, H).
    deep = self.layers - self.encoder_layers
    x = self.embedded(w, token, False)
    seen = torch.arange(place + 1, device=token.device)
    bias = self.distances(w[5], seen.narrow(0, place, 1), seen, False)
    for j in range(deep):
        x = self.attended(w, flat, x, bias, self.encoder_layers + j, cache.select(1, j).select(1, row), place, False)
        room = cache.select(1, deep + j).select(1, row)
        x = self.listened(w, flat, x, room.select(0, 0).narrow(1, 0, source), room.select(0, 1).narrow(1, 0, source), j, False)
        x = self.fed(w, flat, x, self.encoder_layers + j, False)
    return self.final(w, x)

def likeliest(self, w: List[Tensor], h: Tensor) -> Tensor:
    return torch.argmax(self.vocabulary(h, w[1], self.none(w), self.room(h.size(0), h, w[1]))[0], 1)

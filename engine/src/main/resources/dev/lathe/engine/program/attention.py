# Attention one conversation at a time (so that none sees another), over blocks of queries, without a tape.
# q (M, heads, D), k and v (M, kv, D), strided as they come; a group of G heads shares one key-value head, which is never repeated.
# A conversation is copied out head by head, its length rounded up to a whole number of tiles with zeros: matrix products
# then come in few shapes, and oneDNN compiles and keeps a kernel for every shape. Rows that pad are after all real ones, so causality
# hides them; their gradients are zero. A block's probabilities are (kv, rows * G, keys); keys after its rows are not even computed, nor
# those that a sliding window has left behind. A window of w lets a token see itself and the w - 1 before it; 0 is no window.
# What the backward pass needs goes to kept, whose first is the room that it is written in (see room_of): of every conversation its
# queries (scaled), keys and values, then block by block the probabilities; empty where they are computed again instead.

def room_of(self, like: Tensor, layers: int) -> Tensor:
    # Where attention's part of what is kept is written, a row for each of the layers that keep at one time: queries, keys and values, then
    # as many probabilities as most_probabilities allows; those grow with the square of a conversation. One piece of memory whose size
    # hangs on the number of tokens alone: pieces by every conversation's length would leave gaps that no other fits in.
    m = like.size(0)
    probabilities = 0 if self.attention_cap > 0. else min(self.most_probabilities // max(layers, 1), self.heads * m * (m + self.block) // 2)
    return torch.empty([layers, self.room_for_rows(m) + probabilities], dtype=like.dtype, device=like.device)

def room_for_rows(self, m: int) -> int:
    # Queries, keys and values of m tokens in whole tiles; a batch of more than eight conversations may want more and then finds it elsewhere.
    return (m + 8 * self.tile) * (self.heads + 2 * self.kv) * self.head

def place(self, room: Tensor, used: int, end: int, sizes: List[int], like: Tensor) -> Tensor:
    # The next piece of the room, or memory of its own where the room ends.
    count = 1
    for n in sizes:
        count *= n
    if used + count <= end:
        return room.narrow(0, used, count).view(sizes)
    return torch.empty(sizes, dtype=like.dtype, device=like.device)

def padded(self, x: Tensor, start: int, t: int, room: Tensor, used: int, end: int) -> Tensor:
    # Rows of one conversation (t, kv * G, D) as (kv, whole tiles * G, D), in the room's next piece
    rows = self.in_tiles(t)
    out = self.place(room, used, end, [self.kv, rows, x.size(1) // self.kv, self.head], x)
    out.narrow(1, 0, t).copy_(self.rows_at(x, start, t))
    out.narrow(1, t, rows - t).zero_()
    return out.view([self.kv, -1, self.head])

def rows_at(self, x: Tensor, start: int, n: int) -> Tensor:
    # n rows where they lie: (kv, n, G, D), a view
    return x.narrow(0, start, n).view([n, self.kv, -1, self.head]).transpose(0, 1)

def written(self, y: Tensor, x: Tensor, start: int, n: int):
    # The first n rows of y (kv, rows * G, D) to where they belong.
    self.rows_at(x, start, n).copy_(y.view([self.kv, -1, x.size(1) // self.kv, self.head]).narrow(1, 0, n))

def first_key(self, a: int, window: int) -> int:
    # The first key that row a sees, rounded down to a whole tile.
    return 0 if window == 0 else max(0, a + 1 - window) // self.tile * self.tile

def probabilities(self, qb: Tensor, kb: Tensor, a: int, b: int, first: int, window: int, mask: Tensor, out: Tensor) -> Tuple[Tensor, Tensor]:
    # Of scaled queries a to b to keys first to b: (kv, (b - a) * G, b - first), and tanh(scores / cap) where scores are capped.
    scores = torch.bmm(qb, kb.transpose(1, 2))
    bent = mask
    if self.attention_cap > 0.:
        bent = torch.tanh(scores / self.attention_cap)
        scores = bent * self.attention_cap
    n, seen = b - a, b - first
    rows = scores.view([self.kv, n, -1, seen])
    if window > 0 and b - window > first:
        query = torch.arange(a, b, device=qb.device).unsqueeze(1)
        key = torch.arange(first, b, device=qb.device).unsqueeze(0)
        rows.masked_fill_(torch.logical_or(torch.gt(key, query), torch.le(key, query - window)).unsqueeze(1), -inf)
    else:
        rows.narrow(3, seen - n, n).add_(mask.narrow(0, 0, n).narrow(1, 0, n).unsqueeze(1))
    if out.numel() > 0:
        torch._softmax(scores, -1, False, out=out)
        return out, bent
    return torch.softmax(scores, -1), bent

def causal(self, like: Tensor) -> Tensor:
    return torch.full([self.block, self.block], -inf, dtype=like.dtype, device=like.device).triu_(1)

def attend(self, q: Tensor, k: Tensor, v: Tensor, lengths: List[int], window: int, kept: List[Tensor], keep: bool) -> Tensor:
    # (M, heads * D)
    out = torch.empty([q.size(0), q.size(1), self.head], dtype=q.dtype, device=q.device)
    mask, none = self.causal(q), torch.empty([0])
    groups = self.heads // self.kv
    room = kept[0] if keep else none
    rows = min(self.room_for_rows(q.size(0)), room.numel()) if keep else 0
    used, spent, start = 0, rows, 0
    for t in lengths:
        qs = self.padded(q, start, t, room, used, rows).mul_(self.query_scale)
        ks = self.padded(k, start, t, room, used + qs.numel(), rows)
        vs = self.padded(v, start, t, room, used + qs.numel() + ks.numel(), rows)
        used += qs.numel() + 2 * ks.numel()
        if keep:
            kept += [qs, ks, vs]
        for a in range(0, ks.size(1), self.block):
            b = min(a + self.block, ks.size(1))
            first = self.first_key(a, window)
            there = none
            if keep and self.attention_cap == 0. and spent + self.heads * (b - a) * (b - first) <= room.numel():
                there = room.narrow(0, spent, self.heads * (b - a) * (b - first)).view([self.kv, (b - a) * groups, b - first])
                spent += there.numel()
            p = self.probabilities(qs.narrow(1, a * groups, (b - a) * groups), ks.narrow(1, first, b - first), a, b, first, window, mask, there)[0]
            self.written(torch.bmm(p, vs.narrow(1, first, b - first)), out, start + a, min(b, t) - a)
            if keep:
                kept.append(there)
        start += t
    return out.view([q.size(0), -1])

def attend_backward(self, do: Tensor, lengths: List[int], window: int, kept: List[Tensor]) -> Tensor:
    # The gradient of q, k and v side by side, (M, heads + kv + kv, D). With P = softmax(S):
    # dV = P' dO, dP = dO V', dS = P * (dP - rowsum(dP * P)), dQ = dS K, dK = dS' Q; a cap's own derivative is 1 - tanh².
    grouped = do.view([do.size(0), -1, self.head])
    out = torch.empty([do.size(0), self.heads + 2 * self.kv, self.head], dtype=do.dtype, device=do.device)
    dq, dk, dv = out.narrow(1, 0, self.heads), out.narrow(1, self.heads, self.kv), out.narrow(1, self.heads + self.kv, self.kv)
    mask = self.causal(do)
    groups = self.heads // self.kv
    none = torch.empty([0])
    start, s = 0, 1
    for t in lengths:
        qs, ks, vs = kept[s], kept[s + 1], kept[s + 2]
        s += 3
        gs = self.padded(grouped, start, t, none, 0, 0)
        gk, gv = torch.zeros_like(ks), torch.zeros_like(vs)
        for a in range(0, ks.size(1), self.block):
            b = min(a + self.block, ks.size(1))
            first = self.first_key(a, window)
            kb = ks.narrow(1, first, b - first)
            qb, db = qs.narrow(1, a * groups, (b - a) * groups), gs.narrow(1, a * groups, (b - a) * groups)
            p, bent = kept[s], mask
            s += 1
            if p.numel() == 0:
                p, bent = self.probabilities(qb, kb, a, b, first, window, mask, none)
            gv.narrow(1, first, b - first).baddbmm_(p.transpose(1, 2), db)
            dp = torch.bmm(db, vs.narrow(1, first, b - first).transpose(1, 2))
            ds = torch._softmax_backward_data(dp, p, -1, dp.dtype)
            if self.attention_cap > 0.:
                ds.sub_(ds * bent * bent)
            gk.narrow(1, first, b - first).baddbmm_(ds.transpose(1, 2), qb)
            self.written(torch.bmm(ds, kb).mul_(self.query_scale), dq, start + a, min(b, t) - a)
        self.written(gk, dk, start, t)
        self.written(gv, dv, start, t)
        start += t
    return out

# Attention one conversation at a time (so that none sees another), over blocks of queries, without a tape.
# q (M, heads * D), k and v (M, kv * D); a group of G heads shares one key-value head, which is never repeated.
# A conversation is copied out head by head into zeros, its length rounded up to a whole number of tiles: matrix products
# then come in few shapes, and oneDNN compiles and keeps a kernel for every shape. Rows that pad are after all real ones, so causality
# hides them; their gradients are zero. A block's probabilities are (kv, G * rows, keys); keys after its rows are not even computed, nor
# those that a sliding window has left behind. A window of w lets a token see itself and the w - 1 before it; 0 is no window.

def padded(self, x: Tensor, start: int, t: int) -> Tensor:
    # Rows of one conversation (t, kv * G * D) as (kv, G, whole tiles, D)
    rows = (t + self.tile - 1) // self.tile * self.tile
    out = torch.zeros([self.kv, x.size(1) // (self.kv * self.head), rows, self.head], dtype=x.dtype, device=x.device)
    out.narrow(2, 0, t).copy_(self.heads_of(x, start, t))
    return out

def heads_of(self, x: Tensor, start: int, t: int) -> Tensor:
    # The same rows where they lie: (kv, G, t, D), a view
    return x.narrow(0, start, t).view([t, self.kv, -1, self.head]).permute([1, 2, 0, 3])

def block_of(self, x: Tensor, a: int, b: int) -> Tensor:
    # Rows a to b of (kv, G, rows, D) as (kv, G * (b - a), D)
    return x.narrow(2, a, b - a).reshape([self.kv, -1, self.head])

def first_key(self, a: int, window: int) -> int:
    # The first key that row a sees, rounded down to a whole tile.
    return 0 if window == 0 else max(0, a + 1 - window) // self.tile * self.tile

def probabilities(self, qb: Tensor, kb: Tensor, a: int, b: int, first: int, window: int, mask: Tensor) -> Tuple[Tensor, Tensor]:
    # Of queries a to b to keys first to b: (kv, G * (b - a), b - first), and tanh(scores / cap) where scores are capped.
    scores = torch.bmm(qb, kb.transpose(1, 2)).mul_(self.query_scale)
    bent = mask
    if self.attention_cap > 0.:
        bent = torch.tanh(scores / self.attention_cap)
        scores = bent * self.attention_cap
    n, seen = b - a, b - first
    if window > 0 and b - window > first:
        query = torch.arange(a, b, device=qb.device).unsqueeze(1)
        key = torch.arange(first, b, device=qb.device).unsqueeze(0)
        hidden = torch.logical_or(torch.gt(key, query), torch.le(key, query - window))
        scores.view([self.kv, -1, n, seen]).masked_fill_(hidden, -inf)
    else:
        scores.view([self.kv, -1, n, seen]).narrow(3, seen - n, n).add_(mask.narrow(0, 0, n).narrow(1, 0, n))
    return torch.softmax(scores, -1), bent

def causal(self, like: Tensor) -> Tensor:
    return torch.full([self.block, self.block], -inf, dtype=like.dtype, device=like.device).triu_(1)

def attend(self, q: Tensor, k: Tensor, v: Tensor, lengths: List[int], window: int) -> Tensor:
    out = torch.empty_like(q)
    mask = self.causal(q)
    start = 0
    for t in lengths:
        qs = self.padded(q, start, t)
        ks = self.padded(k, start, t).squeeze(1)
        vs = self.padded(v, start, t).squeeze(1)
        os = torch.empty_like(qs)
        for a in range(0, qs.size(2), self.block):
            b = min(a + self.block, qs.size(2))
            first = self.first_key(a, window)
            p = self.probabilities(self.block_of(qs, a, b), ks.narrow(1, first, b - first), a, b, first, window, mask)[0]
            os.narrow(2, a, b - a).copy_(torch.bmm(p, vs.narrow(1, first, b - first)).view([self.kv, -1, b - a, self.head]))
        self.heads_of(out, start, t).copy_(os.narrow(2, 0, t))
        start += t
    return out

def attend_backward(self, do: Tensor, q: Tensor, k: Tensor, v: Tensor, lengths: List[int], window: int) -> Tuple[Tensor, Tensor, Tensor]:
    # Probabilities are computed again: cheaper than keeping them. With P = softmax(S):
    # dV = P' dO, dP = dO V', dS = P * (dP - rowsum(dP * P)), dQ = dS K, dK = dS' Q; a cap's own derivative is 1 - tanh².
    dq = torch.empty_like(q)
    dk = torch.empty_like(k)
    dv = torch.empty_like(v)
    mask = self.causal(q)
    start = 0
    for t in lengths:
        qs = self.padded(q, start, t)
        ks = self.padded(k, start, t).squeeze(1)
        vs = self.padded(v, start, t).squeeze(1)
        gs = self.padded(do, start, t)
        gq = torch.empty_like(qs)
        gk = torch.zeros_like(ks)
        gv = torch.zeros_like(vs)
        for a in range(0, qs.size(2), self.block):
            b = min(a + self.block, qs.size(2))
            first = self.first_key(a, window)
            kb = ks.narrow(1, first, b - first)
            qb = self.block_of(qs, a, b)
            db = self.block_of(gs, a, b)
            p, bent = self.probabilities(qb, kb, a, b, first, window, mask)
            gv.narrow(1, first, b - first).baddbmm_(p.transpose(1, 2), db)
            dp = torch.bmm(db, vs.narrow(1, first, b - first).transpose(1, 2))
            ds = torch._softmax_backward_data(dp, p, -1, q.dtype).mul_(self.query_scale)
            if self.attention_cap > 0.:
                ds.sub_(ds * bent * bent)
            gk.narrow(1, first, b - first).baddbmm_(ds.transpose(1, 2), qb)
            gq.narrow(2, a, b - a).copy_(torch.bmm(ds, kb).view([self.kv, -1, b - a, self.head]))
        self.heads_of(dq, start, t).copy_(gq.narrow(2, 0, t))
        self.heads_of(dk, start, t).squeeze(1).copy_(gk.narrow(1, 0, t))
        self.heads_of(dv, start, t).squeeze(1).copy_(gv.narrow(1, 0, t))
        start += t
    return dq, dk, dv

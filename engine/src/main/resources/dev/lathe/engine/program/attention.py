# Attention one conversation at a time (so that none sees another), over blocks of queries, without a tape.
# q (M, heads * D), k and v (M, kv * D); a group of G heads shares one key-value head, which is never repeated.
# A conversation is copied out head by head into zeros, its length rounded up to a whole number of tiles: matrix products
# then come in few shapes, and oneDNN compiles and keeps a kernel for every shape. Rows that pad are after all real ones, so causality
# hides them; their gradients are zero. A block's probabilities are (kv, G * rows, keys); later keys are not even computed.

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

def probabilities(self, qb: Tensor, k: Tensor, a: int, b: int, mask: Tensor) -> Tensor:
    scores = torch.bmm(qb, k.narrow(1, 0, b).transpose(1, 2)).mul_(1. / torch.sqrt(self.head))
    n = b - a
    scores.view([self.kv, -1, n, b]).narrow(3, a, n).add_(mask.narrow(0, 0, n).narrow(1, 0, n))
    return torch.softmax(scores, -1)

def causal(self, like: Tensor) -> Tensor:
    return torch.full([self.block, self.block], -inf, dtype=like.dtype, device=like.device).triu_(1)

def attend(self, q: Tensor, k: Tensor, v: Tensor, lengths: List[int]) -> Tensor:
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
            p = self.probabilities(self.block_of(qs, a, b), ks, a, b, mask)
            os.narrow(2, a, b - a).copy_(torch.bmm(p, vs.narrow(1, 0, b)).view([self.kv, -1, b - a, self.head]))
        self.heads_of(out, start, t).copy_(os.narrow(2, 0, t))
        start += t
    return out

def attend_backward(self, do: Tensor, q: Tensor, k: Tensor, v: Tensor, lengths: List[int]) -> Tuple[Tensor, Tensor, Tensor]:
    # Probabilities are computed again: cheaper than keeping them. With P = softmax(S):
    # dV = P' dO, dP = dO V', dS = P * (dP - rowsum(dP * P)), dQ = dS K, dK = dS' Q.
    dq = torch.empty_like(q)
    dk = torch.empty_like(k)
    dv = torch.empty_like(v)
    mask = self.causal(q)
    scale = 1. / torch.sqrt(self.head)
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
            kb = ks.narrow(1, 0, b)
            qb = self.block_of(qs, a, b)
            db = self.block_of(gs, a, b)
            p = self.probabilities(qb, ks, a, b, mask)
            gv.narrow(1, 0, b).baddbmm_(p.transpose(1, 2), db)
            dp = torch.bmm(db, vs.narrow(1, 0, b).transpose(1, 2))
            ds = torch._softmax_backward_data(dp, p, -1, q.dtype).mul_(scale)
            gk.narrow(1, 0, b).baddbmm_(ds.transpose(1, 2), qb)
            gq.narrow(2, a, b - a).copy_(torch.bmm(ds, kb).view([self.kv, -1, b - a, self.head]))
        self.heads_of(dq, start, t).copy_(gq.narrow(2, 0, t))
        self.heads_of(dk, start, t).squeeze(1).copy_(gk.narrow(1, 0, t))
        self.heads_of(dv, start, t).squeeze(1).copy_(gv.narrow(1, 0, t))
        start += t
    return dq, dk, dv

# Attention one conversation at a time (so that none sees another), over blocks of queries, without a tape.
# q (M, heads * D), k and v (M, kv * D); a group of heads shares one key-value head and is never copied.
# A block's probabilities are (kv, group * rows, keys); keys beyond the block's last row are not even computed.

def heads_of(self, x: Tensor, start: int, t: int) -> Tensor:
    # (t, kv * G * D) -> (kv, G, t, D), a view
    return x.narrow(0, start, t).view([t, self.kv, -1, self.head]).permute([1, 2, 0, 3])

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
        qs = self.heads_of(q, start, t)
        ks = self.heads_of(k, start, t).squeeze(1)
        vs = self.heads_of(v, start, t).squeeze(1)
        os = self.heads_of(out, start, t)
        for a in range(0, t, self.block):
            b = min(a + self.block, t)
            qb = qs.narrow(2, a, b - a).reshape([self.kv, -1, self.head])
            p = self.probabilities(qb, ks, a, b, mask)
            os.narrow(2, a, b - a).copy_(torch.bmm(p, vs.narrow(1, 0, b)).view([self.kv, -1, b - a, self.head]))
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
        qs = self.heads_of(q, start, t)
        ks = self.heads_of(k, start, t).squeeze(1)
        vs = self.heads_of(v, start, t).squeeze(1)
        gs = self.heads_of(do, start, t)
        gq = self.heads_of(dq, start, t)
        gk = torch.zeros([self.kv, t, self.head], dtype=q.dtype, device=q.device)
        gv = torch.zeros_like(gk)
        for a in range(0, t, self.block):
            b = min(a + self.block, t)
            kb = ks.narrow(1, 0, b)
            qb = qs.narrow(2, a, b - a).reshape([self.kv, -1, self.head])
            db = gs.narrow(2, a, b - a).reshape([self.kv, -1, self.head])
            p = self.probabilities(qb, ks, a, b, mask)
            gv.narrow(1, 0, b).baddbmm_(p.transpose(1, 2), db)
            dp = torch.bmm(db, vs.narrow(1, 0, b).transpose(1, 2))
            ds = torch._softmax_backward_data(dp, p, -1, q.dtype).mul_(scale)
            gk.narrow(1, 0, b).baddbmm_(ds.transpose(1, 2), qb)
            gq.narrow(2, a, b - a).copy_(torch.bmm(ds, kb).view([self.kv, -1, b - a, self.head]))
        self.heads_of(dk, start, t).squeeze(1).copy_(gk)
        self.heads_of(dv, start, t).squeeze(1).copy_(gv)
        start += t
    return dq, dk, dv

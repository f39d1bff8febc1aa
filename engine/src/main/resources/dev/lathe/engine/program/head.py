# The vocabulary head at labelled positions only, in slices of rows, so that the logits (labels, vocabulary) never exist whole.

def vocabulary(self, h: Tensor, weight: Tensor, bias: Tensor) -> Tuple[Tensor, Tensor]:
    # Logits (rows, vocabulary), and tanh(logits / cap) where they are capped.
    logits = self.product(h, weight, bias)
    bent = bias
    if self.final_cap > 0.:
        bent = torch.tanh(logits.div_(self.final_cap))
        logits = bent * self.final_cap
    return logits, bent

def head_loss(self, h: Tensor, labels: Tensor, weight: Tensor, bias: Tensor, dh: Tensor) -> Tuple[Tensor, Tensor]:
    # Sum of the cross-entropies of h (N, H) against labels (N), whose gradient goes to dh (N, H). An empty dh asks for no gradient:
    # then how many labels are the likeliest token comes back too. The last slice is filled up with zeros (see attention).
    wide = self.wide(h)
    loss = torch.zeros([], dtype=7, device=h.device)
    right = torch.zeros([], dtype=4, device=h.device)
    for a in range(0, h.size(0), self.slice):
        n = min(self.slice, h.size(0) - a)
        rows = (n + self.tile - 1) // self.tile * self.tile
        hs = torch.constant_pad_nd(h.narrow(0, a, n), [0, 0, 0, rows - n])
        at = torch.constant_pad_nd(labels.narrow(0, a, n), [0, rows - n]).unsqueeze(1)
        logits, bent = self.vocabulary(hs, weight, bias)
        if dh.numel() == 0:
            right.add_(torch.sum(torch.eq(torch.argmax(logits, 1, True), at).narrow(0, 0, n)))
        top = torch.amax(logits, [1], True)
        own = torch.gather(logits, 1, at).to(wide)
        e = logits.sub_(top).exp_()
        z = torch.sum(e, [1], True, dtype=wide)
        loss.add_(torch.sum((torch.log(z) + top.to(wide) - own).narrow(0, 0, n), dtype=7))
        if dh.numel() > 0:
            e.div_(z.to(e.dtype))
            e.scatter_add_(1, at, torch.full([rows, 1], -1., dtype=e.dtype, device=e.device))
            if self.final_cap > 0.:
                e.sub_(bent.square_().mul_(e))
            dh.narrow(0, a, n).copy_(torch.mm(e, weight).narrow(0, 0, n))
    return loss, right

def head_scores(self, h: Tensor, labels: Tensor, weight: Tensor, bias: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
    # Position by position: log-probabilities (N, float64) of the label and of the likeliest token, and that token (N).
    wide = self.wide(h)
    own = torch.empty([h.size(0)], dtype=7, device=h.device)
    best = torch.empty([h.size(0)], dtype=7, device=h.device)
    likeliest = torch.empty([h.size(0)], dtype=4, device=h.device)
    for a in range(0, h.size(0), self.slice):
        n = min(self.slice, h.size(0) - a)
        rows = (n + self.tile - 1) // self.tile * self.tile
        hs = torch.constant_pad_nd(h.narrow(0, a, n), [0, 0, 0, rows - n])
        at = torch.constant_pad_nd(labels.narrow(0, a, n), [0, rows - n]).unsqueeze(1)
        logits = self.vocabulary(hs, weight, bias)[0]
        likeliest.narrow(0, a, n).copy_(torch.argmax(logits, 1).narrow(0, 0, n))
        top = torch.amax(logits, [1], True)
        behind = torch.gather(logits, 1, at) - top
        z = torch.sum(logits.sub_(top).exp_(), [1], True, dtype=wide)
        below = torch.neg(torch.log(z)).to(7)
        best.narrow(0, a, n).copy_(below.narrow(0, 0, n).squeeze(1))
        own.narrow(0, a, n).copy_((behind.to(7) + below).narrow(0, 0, n).squeeze(1))
    return own, best, likeliest

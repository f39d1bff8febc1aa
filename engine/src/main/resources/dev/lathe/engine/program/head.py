# The vocabulary head at labelled positions only, in slices of rows, so that the logits (labels, vocabulary) never exist whole.

def vocabulary(self, h: Tensor, weight: Tensor, bias: Tensor, room: Tensor) -> Tuple[Tensor, Tensor]:
    # Logits (rows, vocabulary) in room, whose rows are at least as many, and tanh(logits / cap) where they are capped.
    logits = room.narrow(0, 0, h.size(0))
    torch.mm(h, weight.t(), out=logits)
    if bias.numel() > 0:
        logits.add_(bias)
    bent = bias
    if self.final_cap > 0.:
        bent = torch.tanh(logits.div_(self.final_cap))
        logits = bent * self.final_cap
    return logits, bent

def room(self, rows: int, h: Tensor, weight: Tensor) -> Tensor:
    # Where logits are written, (rows, vocabulary): once for all slices, since fresh memory costs as much as half a product.
    return torch.empty([rows, weight.size(0)], dtype=h.dtype, device=h.device)

def exponentials(self, logits: Tensor, top: Tensor) -> Tuple[Tensor, Tensor]:
    # exp(logits - top) in their place and its sums (rows, 1), some columns at a time: a sum that widens its input copies it first.
    z = torch.zeros([logits.size(0), 1], dtype=self.wide(logits), device=logits.device)
    for a in range(0, logits.size(1), 4096):
        part = logits.narrow(1, a, min(4096, logits.size(1) - a)).sub_(top).exp_()
        z.add_(torch.sum(part, [1], True, dtype=z.dtype))
    return logits, z

def head_loss(self, h: Tensor, labels: Tensor, weight: Tensor, bias: Tensor, dh: Tensor, each: Tensor, learned: List[Tensor]) -> Tuple[Tensor, Tensor]:
    # Sum of the cross-entropies of h (N, H) against labels (N), whose gradient goes to dh (N, H). An empty dh asks for no gradient:
    # then how many labels are the likeliest token comes back too. Each label's cross-entropy goes to each (N, float64), unless that is
    # empty. The last slice is filled up with zeros (see attention). Where the head itself learns (full.py), learned is the gradient that
    # its own is added to, and what each label's cross-entropy weighs in it (N).
    wide = self.wide(h)
    loss = torch.zeros([], dtype=7, device=h.device)
    right = torch.zeros([], dtype=4, device=h.device)
    room = self.room(min(self.slice, self.in_tiles(h.size(0))), h, weight)
    for a in range(0, h.size(0), self.slice):
        n = min(self.slice, h.size(0) - a)
        rows = self.in_tiles(n)
        hs = torch.constant_pad_nd(h.narrow(0, a, n), [0, 0, 0, rows - n])
        at = torch.constant_pad_nd(labels.narrow(0, a, n), [0, rows - n]).unsqueeze(1)
        logits, bent = self.vocabulary(hs, weight, bias, room)
        if dh.numel() == 0:
            right.add_(torch.sum(torch.eq(torch.argmax(logits, 1, True), at).narrow(0, 0, n)))
        top = torch.amax(logits, [1], True)
        own = torch.gather(logits, 1, at).to(wide)
        e, z = self.exponentials(logits, top)
        losses = (torch.log(z) + top.to(wide) - own).narrow(0, 0, n)
        loss.add_(torch.sum(losses, dtype=7))
        if each.numel() > 0:
            each.narrow(0, a, n).copy_(losses.squeeze(1))
        if dh.numel() > 0:
            # (In fp16 a sum over a large vocabulary would be infinite. index_put_, because scatter_add_ is a thousand times slower here.)
            e.div_(z if e.dtype == 5 else z.to(e.dtype)).index_put_([torch.arange(rows, device=h.device), at.squeeze(1)], torch.full([rows], -1., dtype=e.dtype, device=e.device), True)
            if self.final_cap > 0.:
                e.sub_(bent.square_().mul_(e))
            if len(learned) > 0:
                self.learn_vocabulary(learned[0], learned[1].narrow(0, a, n), e, hs)
            dh.narrow(0, a, n).copy_(torch.mm(e, weight).narrow(0, 0, n))
    return loss, right

def learn_vocabulary(self, gradient: Tensor, weights: Tensor, said: Tensor, h: Tensor):
    # The vocabulary head from the gradient of a slice of logits (rows, vocabulary), each row weighted; rows beyond the weights pad.
    each = torch.constant_pad_nd(weights, [0, h.size(0) - weights.size(0)]).unsqueeze(1)
    if self.rows < said.size(1):
        said = said.narrow(1, self.first_row, self.rows).contiguous()
    self.learn_product(self.learned_rows(gradient, 4), said, (h * each).to(h.dtype))
    if self.w_at[5] >= 0:
        gradient.narrow(0, self.w_at[5], said.size(1)).add_(torch.sum(said * each, [0], dtype=self.wide(h)))

def learn_product(self, target: Tensor, dy: Tensor, x: Tensor):
    # Adds dy' x; target is float32 whatever is computed in.
    if target.dtype == dy.dtype:
        target.addmm_(dy.t(), x)
    else:
        target.add_(torch.mm(dy.t(), x))

def head_scores(self, h: Tensor, labels: Tensor, weight: Tensor, bias: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
    # Position by position: log-probabilities (N, float64) of the label and of the likeliest token, and that token (N).
    wide = self.wide(h)
    own = torch.empty([h.size(0)], dtype=7, device=h.device)
    best = torch.empty([h.size(0)], dtype=7, device=h.device)
    likeliest = torch.empty([h.size(0)], dtype=4, device=h.device)
    room = self.room(min(self.slice, self.in_tiles(h.size(0))), h, weight)
    for a in range(0, h.size(0), self.slice):
        n = min(self.slice, h.size(0) - a)
        rows = self.in_tiles(n)
        hs = torch.constant_pad_nd(h.narrow(0, a, n), [0, 0, 0, rows - n])
        at = torch.constant_pad_nd(labels.narrow(0, a, n), [0, rows - n]).unsqueeze(1)
        logits = self.vocabulary(hs, weight, bias, room)[0]
        likeliest.narrow(0, a, n).copy_(torch.argmax(logits, 1).narrow(0, 0, n))
        top = torch.amax(logits, [1], True)
        behind = torch.gather(logits, 1, at) - top
        z = self.exponentials(logits, top)[1]
        below = torch.neg(torch.log(z)).to(7)
        best.narrow(0, a, n).copy_(below.narrow(0, 0, n).squeeze(1))
        own.narrow(0, a, n).copy_((behind.to(7) + below).narrow(0, 0, n).squeeze(1))
    return own, best, likeliest

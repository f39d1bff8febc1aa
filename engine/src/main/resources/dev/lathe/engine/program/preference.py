# Preference tuning: what is learned is how likely whole answers are, beside how likely they were to the model that the run began with.
# A batch is S answers, each in its context; own (S) are the log-probabilities of their labelled tokens together, reference (S) those of
# the model that the run began with, liked (S) whether somebody did. DPO's answers come in pairs, the chosen one first.

def preference_loss(self, own: Tensor, reference: Tensor, liked: Tensor, settings: Tensor) -> Tensor:
    # Summed and weighted, float64. settings: objective (0 DPO, 1 KTO), beta, label smoothing, the KL estimate, the weights of liked and
    # of disliked answers, the weight of all, the weight of the chosen answers' own negative log-likelihood (RPO, Pang et al. 2024, eq. 1),
    # and what only the gradient is multiplied with.
    beta, weight = float(settings[1]), float(settings[6])
    ratios = own - reference
    if int(settings[0]) == 0:
        # Rafailov et al. 2023, eq. 7; smoothed as in Mitchell 2023, eq. 3: a share of the pairs is taken to be the wrong way round.
        wrong = float(settings[2])
        pairs = ratios.view([-1, 2])
        margins = (pairs.select(1, 0) - pairs.select(1, 1)) * beta
        losses = torch.log_sigmoid(margins) * (wrong - 1.) - torch.log_sigmoid(torch.neg(margins)) * wrong
        return torch.sum(losses) * weight - torch.sum(own.view([-1, 2]).select(1, 0)) * float(settings[7])
    # Ethayarajh et al. 2024, eq. 7 and 8: an answer's gain over what the policy gained on the whole.
    gains = (ratios - float(settings[3])) * beta
    good = (1. - torch.sigmoid(gains)) * float(settings[4])
    bad = (1. - torch.sigmoid(torch.neg(gains))) * float(settings[5])
    return torch.sum(torch.where(torch.gt(liked, 0), good, bad)) * weight

def answers_of(self, scores: Tensor, counts: List[int]) -> Tensor:
    # Sums of neighbouring values, counts[i] of them in the i-th.
    parts = annotate(List[Tensor], [])
    start = 0
    for n in counts:
        parts.append(torch.sum(scores.narrow(0, start, n), dtype=7))
        start += n
    return torch.stack(parts)

def preference(self, w: List[Tensor], flat: Tensor, gradient: Tensor, ids: Tensor, lengths: Tensor, frequencies: Tensor, at: Tensor, labels: Tensor, counts: Tensor, liked: Tensor, reference: Tensor, settings: Tensor) -> Tuple[Tensor, Tensor]:
    # The loss, and own; the loss's gradient is added to gradient (flat). counts (S): how many of the labels are an answer's.
    w, flat = self.wearing(w, flat), self.of_adapter(flat)
    ts, answers = self.integers(lengths), self.integers(counts)
    saved = annotate(List[List[Tensor]], [])
    tokens = self.whole_tiles(ids, ts)
    asked = self.asked_for(at)
    n, inverse, cosines, sines = self.to_head(w, flat, tokens, ts, frequencies, at, asked, saved)
    dn = torch.empty_like(n)
    losses = torch.empty([labels.size(0)], dtype=7, device=n.device)
    h = self.affine(n, w[2], w[3])
    if self.w_at[4] >= 0:
        # What a label weighs in the head's own gradient hangs on all losses, so the logits are computed once more when they are known.
        self.head_loss(h, labels, w[4], w[5], torch.empty([0]), losses, annotate(List[Tensor], []))
    else:
        self.head_loss(h, labels, w[4], w[5], dn, losses, annotate(List[Tensor], []))
    own = torch.neg(self.answers_of(losses, answers))
    # How the loss hangs on S numbers is left to autograd; how they hang on the adapter is written out. The head's gradient is that of
    # each token's negative log-probability: it only has to be weighted, answer by answer.
    before = torch.is_grad_enabled()
    torch.set_grad_enabled(True)
    leaf = own.detach().requires_grad_(True)
    loss = self.preference_loss(leaf, reference, liked, settings)
    push = torch.grad([loss * float(settings[8])], [leaf], None, None, False, False)[0]
    torch.set_grad_enabled(before)
    start = 0
    if push is not None:
        if self.w_at[4] >= 0:
            weights = torch.neg(torch.repeat_interleave(push, counts)).to(self.wide(n))
            self.head_loss(h, labels, w[4], w[5], dn, torch.empty([0]), [gradient, weights])
        for i in range(len(answers)):
            dn.narrow(0, start, answers[i]).mul_(torch.neg(float(push[i])))
            start += answers[i]
    self.from_head(w, flat, gradient, dn, n, inverse, tokens, ts, cosines, sines, at, asked, saved)
    return loss.detach(), own

def preference_tape(self, w: List[Tensor], flat: Tensor, gradient: Tensor, ids: Tensor, lengths: Tensor, frequencies: Tensor, at: Tensor, labels: Tensor, counts: Tensor, liked: Tensor, reference: Tensor, settings: Tensor) -> Tuple[Tensor, Tensor]:
    # The same contract as preference.
    before = torch.is_grad_enabled()
    torch.set_grad_enabled(True)
    adapter, saved = self.of_adapter(flat).detach().requires_grad_(True), self.of_saved(flat).detach().requires_grad_(True)
    leaves = self.leaves(w) if self.full else self.wearing(w, saved)
    own = self.answers_of(self.tape_scores(leaves, adapter, ids, lengths, frequencies, at, labels), self.integers(counts))
    loss = self.preference_loss(own, reference, liked, settings)
    self.taped(loss * float(settings[8]), leaves, adapter, saved, gradient)
    torch.set_grad_enabled(before)
    return loss.detach(), own.detach()

# The fast path through the whole model: layers one after another, forward and backward (layer.py), the vocabulary head at labelled
# positions only (head.py), and what Java calls for training and measuring. What layers keep stands in saved: three lists a layer,
# the layer's own, attention's and the dropout's.

def layers_forward(self, w: List[Tensor], flat: Tensor, embedded: Tensor, cosines: List[Tensor], sines: List[Tensor], lengths: List[int], saved: List[List[Tensor]], keep: bool, train: bool) -> Tensor:
    x = embedded
    whole = keep and not self.checkpointing
    room = self.room_of(x, self.layers if whole else 0)
    for i in range(self.layers):
        masks, kept = annotate(List[Tensor], []), annotate(List[Tensor], [])
        if whole:
            kept.append(room.select(0, i))
        y, own = self.layer_forward(w, flat, x, cosines, sines, lengths, i, masks, kept, train, whole)
        if keep:
            saved += [own if whole else [x], kept, masks]
        x = y
    return x

def layers_backward(self, w: List[Tensor], flat: Tensor, gradient: Tensor, above: Tensor, cosines: List[Tensor], sines: List[Tensor], lengths: List[int], saved: List[List[Tensor]]) -> Tensor:
    dx = above
    room = self.room_of(dx, 1 if self.checkpointing else 0)
    for j in range(self.layers):
        i = self.layers - 1 - j
        own, kept, masks = saved[3 * i], saved[3 * i + 1], saved[3 * i + 2]
        if len(own) == 1:
            kept.append(room.select(0, 0))
            own = self.layer_forward(w, flat, own[0], cosines, sines, lengths, i, masks, kept, True, True)[1]
        dx = self.layer_backward(w, flat, gradient, dx, cosines, sines, lengths, i, masks, own, kept)
        for part in saved[3 * i:3 * i + 3]:
            part.clear()
    return dx

def whole_tiles(self, ids: Tensor, lengths: List[int]) -> Tensor:
    # Pads the tokens to a whole number of tiles with a last conversation of zeros that nothing learns from (see attention).
    rest = self.in_tiles(ids.size(0)) - ids.size(0)
    if rest > 0:
        lengths.append(rest)
        return torch.cat([ids, torch.zeros([rest], dtype=ids.dtype, device=ids.device)])
    return ids

def begin(self, w: List[Tensor], tokens: Tensor, lengths: List[int], frequencies: Tensor) -> Tuple[Tensor, List[Tensor], List[Tensor]]:
    # What the layers start from: embeddings (M, H), cosines and sines.
    positions = self.positions_of(lengths, tokens)
    x = self.embed(w, tokens, positions)
    rows = self.rows_of(lengths, tokens, frequencies.size(1) - 1)
    cosines, sines = self.rotary(frequencies, positions, rows, x.dtype)
    return x, cosines, sines

def hidden(self, w: List[Tensor], flat: Tensor, ids: Tensor, lengths: List[int], frequencies: Tensor) -> Tensor:
    # ids (M) of conversations laid end to end -> the last layer's output (M, H), before the final norm.
    tokens = self.whole_tiles(ids, lengths)
    x, cosines, sines = self.begin(w, tokens, lengths, frequencies)
    return self.layers_forward(w, flat, x, cosines, sines, lengths, annotate(List[List[Tensor]], []), False, False)

def final(self, w: List[Tensor], x: Tensor) -> Tensor:
    # The final norm: what the vocabulary head reads.
    return self.affine(self.norm(x)[0], w[2], w[3])

def fast(self, w: List[Tensor], flat: Tensor, gradient: Tensor, ids: Tensor, lengths: Tensor, frequencies: Tensor, at: Tensor, labels: Tensor, weight: Tensor) -> Tensor:
    # Loss summed over the labelled positions at (N), whose next tokens are labels (N). Adds weight * d(loss sum) to gradient (flat).
    # frequencies (tables, conversations, R / 2): what a token's position is multiplied with.
    ts = self.integers(lengths)
    saved = annotate(List[List[Tensor]], [])
    tokens = self.whole_tiles(ids, ts)
    x, cosines, sines = self.begin(w, tokens, ts, frequencies)
    x = self.layers_forward(w, flat, self.noised(x, ts), cosines, sines, ts, saved, True, True)
    n, inverse = self.norm(torch.index_select(x, 0, at))
    dn = torch.empty_like(n)
    loss = self.head_loss(self.affine(n, w[2], w[3]), labels, w[4], w[5], dn, torch.empty([0]), self.labels_learn(gradient, float(weight), at))[0]
    dn.mul_(float(weight))
    if self.full:
        self.learn_norm(gradient, 2, dn, n)
    dn.mul_(w[2])
    dx = torch.zeros_like(x).index_copy_(0, at, self.norm_backward(dn, n, inverse))
    dx = self.layers_backward(w, flat, gradient, dx, cosines, sines, ts, saved)
    if self.full:
        self.learn_embeddings(w, gradient, dx, tokens, ts)
    return loss

def evaluate(self, w: List[Tensor], flat: Tensor, ids: Tensor, lengths: Tensor, frequencies: Tensor, at: Tensor, labels: Tensor) -> Tuple[Tensor, Tensor]:
    # Loss summed over the labels, and how many of them are the likeliest token.
    x = self.hidden(w, flat, ids, self.integers(lengths), frequencies)
    return self.head_loss(self.final(w, torch.index_select(x, 0, at)), labels, w[4], w[5], torch.empty([0]), torch.empty([0]), annotate(List[Tensor], []))

def scores(self, w: List[Tensor], flat: Tensor, ids: Tensor, lengths: Tensor, frequencies: Tensor, at: Tensor, labels: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
    # What evaluate sums, position by position (see head_scores). Positions may repeat: several labels for one of them.
    x = self.hidden(w, flat, ids, self.integers(lengths), frequencies)
    return self.head_scores(self.final(w, torch.index_select(x, 0, at)), labels, w[4], w[5])

def logits(self, w: List[Tensor], flat: Tensor, ids: Tensor, lengths: Tensor, frequencies: Tensor, at: Tensor) -> Tensor:
    # (N, vocabulary) at the given positions.
    x = self.hidden(w, flat, ids, self.integers(lengths), frequencies)
    n = self.final(w, torch.index_select(x, 0, at))
    return self.vocabulary(n, w[4], w[5], self.room(n.size(0), n, w[4]))[0].to(self.wide(n))

# The fast path through the whole model: layers one after another, forward and backward (layer.py), the vocabulary head at labelled
# positions only (head.py), and what Java calls for training and measuring. What layers keep stands in saved: three lists a layer,
# the layer's own, attention's and the dropout's.

def layers_forward(self, w: List[Tensor], flat: Tensor, embedded: Tensor, cosines: List[Tensor], sines: List[Tensor], lengths: List[int], asked: Tensor, saved: List[List[Tensor]], keep: bool, train: bool) -> Tensor:
    x = embedded
    whole = keep and not self.checkpointing
    room = self.room_of(x, self.layers if whole else 0)
    for i in range(self.layers):
        masks, kept = annotate(List[Tensor], []), annotate(List[Tensor], [])
        if whole:
            kept.append(room.select(0, i))
        y, own = self.layer_forward(w, flat, x, cosines, sines, lengths, self.asked_of(i, asked), i, masks, kept, train, whole)
        if keep:
            saved += [own if whole else [x], kept, masks]
        x = y
    return x

def layers_backward(self, w: List[Tensor], flat: Tensor, gradient: Tensor, above: Tensor, cosines: List[Tensor], sines: List[Tensor], lengths: List[int], asked: Tensor, saved: List[List[Tensor]]) -> Tensor:
    dx = above
    room = self.room_of(saved[0][0], 1 if self.checkpointing else 0)
    for j in range(self.layers):
        i = self.layers - 1 - j
        own, kept, masks = saved[3 * i], saved[3 * i + 1], saved[3 * i + 2]
        if len(own) == 1:
            kept.append(room.select(0, 0))
            own = self.layer_forward(w, flat, own[0], cosines, sines, lengths, self.asked_of(i, asked), i, masks, kept, True, True)[1]
        dx = self.layer_backward(w, flat, gradient, dx, cosines, sines, lengths, self.asked_of(i, asked), i, masks, own, kept)
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

def asked_for(self, at: Tensor) -> Tensor:
    # The positions that the head reads, and what is left of a whole tile the first of them again: of the last layer nothing else is
    # wanted once attention has read all. Empty, for all positions, where dropout chooses (the tape draws for all) and where a
    # feed-forward stands beside attention.
    if self.dropout > 0. or self.parallel or at.size(0) == 0:
        return torch.empty([0], dtype=4, device=at.device)
    return torch.cat([at, at.narrow(0, 0, 1).expand([self.in_tiles(at.size(0)) - at.size(0)])])

def asked_of(self, layer: int, asked: Tensor) -> Tensor:
    return asked if layer == self.layers - 1 else torch.empty([0], dtype=4, device=asked.device)

def rows_asked(self, x: Tensor, at: Tensor, asked: Tensor) -> Tensor:
    # Of the last layer's output, the positions at.
    return x.narrow(0, 0, at.size(0)) if asked.numel() > 0 else torch.index_select(x, 0, at)

def hidden(self, w: List[Tensor], flat: Tensor, ids: Tensor, lengths: List[int], frequencies: Tensor, at: Tensor) -> Tensor:
    # ids (M) of conversations laid end to end -> the last layer's output at some positions (N, H), before the final norm. As everywhere
    # below here, w is worn (see saved.py) and flat the adapter's part.
    tokens = self.whole_tiles(ids, lengths)
    x, cosines, sines = self.begin(w, tokens, lengths, frequencies)
    asked = self.asked_for(at)
    x = self.layers_forward(w, flat, x, cosines, sines, lengths, asked, annotate(List[List[Tensor]], []), False, False)
    return self.rows_asked(x, at, asked)

def final(self, w: List[Tensor], x: Tensor) -> Tensor:
    # The final norm: what the vocabulary head reads.
    return self.affine(self.norm(x)[0], w[2], w[3])

def to_head(self, w: List[Tensor], flat: Tensor, tokens: Tensor, lengths: List[int], frequencies: Tensor, at: Tensor, asked: Tensor, saved: List[List[Tensor]]) -> Tuple[Tensor, Tensor, List[Tensor], List[Tensor]]:
    # Forward in training: the normalised (N, H) at the labelled positions, what they were multiplied with, cosines and sines.
    x, cosines, sines = self.begin(w, tokens, lengths, frequencies)
    x = self.layers_forward(w, flat, self.noised(x, lengths), cosines, sines, lengths, asked, saved, True, True)
    n, inverse = self.norm(self.rows_asked(x, at, asked))
    return n, inverse, cosines, sines

def from_head(self, w: List[Tensor], flat: Tensor, gradient: Tensor, dh: Tensor, n: Tensor, inverse: Tensor, tokens: Tensor, lengths: List[int], cosines: List[Tensor], sines: List[Tensor], at: Tensor, asked: Tensor, saved: List[List[Tensor]]):
    # All the way back, from the gradient dh (N, H) of what the head read.
    if self.full:
        self.learn_norm(gradient, 2, dh, n)
    dx = self.norm_backward(dh.mul_(w[2]), n, inverse)
    if asked.numel() > 0:
        dx = torch.constant_pad_nd(dx, [0, 0, 0, asked.size(0) - at.size(0)])
    else:
        dx = torch.zeros([tokens.size(0), n.size(1)], dtype=n.dtype, device=n.device).index_copy_(0, at, dx)
    dx = self.layers_backward(w, flat, self.of_adapter(gradient), dx, cosines, sines, lengths, asked, saved)
    if self.w_at[0] >= 0:
        self.learn_embeddings(w, gradient, dx, tokens, lengths)

def fast(self, w: List[Tensor], flat: Tensor, gradient: Tensor, ids: Tensor, lengths: Tensor, frequencies: Tensor, at: Tensor, labels: Tensor, weight: Tensor) -> Tensor:
    # Loss summed over the labelled positions at (N), whose next tokens are labels (N). Adds weight * d(loss sum) to gradient (flat).
    # frequencies (tables, conversations, R / 2): what a token's position is multiplied with.
    w, flat = self.wearing(w, flat), self.of_adapter(flat)
    ts = self.integers(lengths)
    saved = annotate(List[List[Tensor]], [])
    tokens = self.whole_tiles(ids, ts)
    asked = self.asked_for(at)
    n, inverse, cosines, sines = self.to_head(w, flat, tokens, ts, frequencies, at, asked, saved)
    dh = torch.empty_like(n)
    loss = self.head_loss(self.affine(n, w[2], w[3]), labels, w[4], w[5], dh, torch.empty([0]), self.labels_learn(gradient, float(weight), at))[0]
    self.from_head(w, flat, gradient, dh.mul_(float(weight)), n, inverse, tokens, ts, cosines, sines, at, asked, saved)
    return loss

def evaluate(self, w: List[Tensor], flat: Tensor, ids: Tensor, lengths: Tensor, frequencies: Tensor, at: Tensor, labels: Tensor) -> Tuple[Tensor, Tensor]:
    # Loss summed over the labels, and how many of them are the likeliest token.
    w, flat = self.wearing(w, flat), self.of_adapter(flat)
    x = self.hidden(w, flat, ids, self.integers(lengths), frequencies, at)
    return self.head_loss(self.final(w, x), labels, w[4], w[5], torch.empty([0]), torch.empty([0]), annotate(List[Tensor], []))

def scores(self, w: List[Tensor], flat: Tensor, ids: Tensor, lengths: Tensor, frequencies: Tensor, at: Tensor, labels: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
    # What evaluate sums, position by position (see head_scores). Positions may repeat: several labels for one of them.
    w, flat = self.wearing(w, flat), self.of_adapter(flat)
    x = self.hidden(w, flat, ids, self.integers(lengths), frequencies, at)
    return self.head_scores(self.final(w, x), labels, w[4], w[5])

def logits(self, w: List[Tensor], flat: Tensor, ids: Tensor, lengths: Tensor, frequencies: Tensor, at: Tensor) -> Tensor:
    # (N, vocabulary) at the given positions.
    w, flat = self.wearing(w, flat), self.of_adapter(flat)
    x = self.hidden(w, flat, ids, self.integers(lengths), frequencies, at)
    n = self.final(w, x)
    return self.vocabulary(n, w[4], w[5], self.room(n.size(0), n, w[4]))[0].to(self.wide(n))

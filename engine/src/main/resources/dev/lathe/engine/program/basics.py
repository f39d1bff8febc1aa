# The small mathematics that both ways through the model share.
# Shapes: M tokens of all conversations laid end to end, H hidden width, D head width.

def wide(self, x: Tensor) -> int:
    # The dtype that sums and norms are kept in: float64 (7) for float64, else float32 (6).
    return 7 if x.dtype == 7 else 6

def norm(self, x: Tensor) -> Tuple[Tensor, Tensor]:
    # What precedes a norm's own weight: x (..., H) -> the normalised x, and what it was multiplied with (..., 1).
    # LayerNorm (Ba et al. 2016, eq. 3) takes the mean away first, RMSNorm (Zhang and Sennrich 2019, eq. 4) does not.
    if self.layer_norm:
        n, mean, inverse = torch.native_layer_norm(x, [x.size(-1)], None, None, self.eps)
        return n, inverse.to(x.dtype)
    return self.rms(x)

def rms(self, x: Tensor) -> Tuple[Tensor, Tensor]:
    square = torch.square(torch.linalg_vector_norm(x, 2, [-1], True, dtype=self.wide(x)))
    inverse = torch.rsqrt(square / x.size(-1) + self.eps).to(x.dtype)
    return x * inverse, inverse

def norm_backward(self, dn: Tensor, n: Tensor, inverse: Tensor) -> Tensor:
    # dn is the gradient of the normalised n: dx = inverse * (dn - n * mean(dn * n)), less mean(dn) where the mean was taken away.
    dx = self.rms_backward(dn, n, inverse)
    if self.layer_norm:
        mean = torch.sum(dn, [-1], True, dtype=self.wide(n)).div_(n.size(-1)).to(n.dtype)
        dx.sub_(mean.mul_(inverse))
    return dx

def rms_backward(self, dn: Tensor, n: Tensor, inverse: Tensor) -> Tensor:
    mean = torch.sum(dn * n, [-1], True, dtype=self.wide(n)).div_(n.size(-1)).to(n.dtype)
    return torch.addcmul(dn, n, mean, value=-1).mul_(inverse)

def affine(self, n: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return n * weight if bias.numel() == 0 else torch.addcmul(bias, n, weight)

def product(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    # A linear layer: x W' and its bias, where it has one.
    return torch.mm(x, weight.t()) if bias.numel() == 0 else torch.addmm(bias, x, weight.t())

def activate(self, x: Tensor) -> Tensor:
    if self.activation == 0:
        return torch.silu(x)
    if self.activation == 3:
        return torch.relu(x)
    return torch.gelu(x, approximate="none" if self.activation == 1 else "tanh")

def activate_backward(self, dy: Tensor, x: Tensor) -> Tensor:
    if self.activation == 0:
        return torch.silu_backward(dy, x)
    if self.activation == 3:
        return torch.threshold_backward(dy, x, 0)
    return torch.gelu_backward(dy, x, approximate="none" if self.activation == 1 else "tanh")

def dropped(self, x: Tensor, train: bool) -> Tuple[Tensor, Tensor]:
    # What an adapter reads while it is trained: some values zeroed, the others enlarged; and which ones stayed (Hu et al. 2021, as PEFT
    # has it). Projections that read the same share the choice.
    if train and self.dropout > 0.:
        return torch.native_dropout(x, self.dropout, True)
    return x, torch.empty([0])

def kept(self, x: Tensor, mask: Tensor) -> Tensor:
    # The same choice again, and its own transpose.
    return x if mask.numel() == 0 else (x * mask).mul_(1. / (1. - self.dropout))

def noised(self, x: Tensor, lengths: List[int]) -> Tensor:
    # NEFTune (Jain et al. 2023): uniform noise on the embeddings of training, of size alpha / sqrt(tokens * width).
    if self.neftune == 0.:
        return x
    parts = annotate(List[Tensor], [])
    for t in lengths:
        parts.append(torch.full([t, 1], self.neftune / torch.sqrt(t * x.size(1)), dtype=x.dtype, device=x.device))
    return torch.addcmul(x, torch.rand_like(x).mul_(2.).sub_(1.), torch.cat(parts))

def embed(self, w: List[Tensor], ids: Tensor, positions: Tensor) -> Tensor:
    # Token embeddings (M, H), scaled where the family scales them, with learned positions where it has them.
    x = torch.embedding(w[0], ids)
    if self.embedding_scale != 1.:
        x = x * torch.full([], self.embedding_scale, dtype=x.dtype, device=x.device)
    if w[1].numel() > 0:
        x = x + torch.embedding(w[1], positions)
    return x

def rotary(self, frequencies: Tensor, positions: Tensor, rows: Tensor, dtype: int) -> Tuple[List[Tensor], List[Tensor]]:
    # Cosines and sines (M, 1, D), a pair for every table of frequencies (tables, conversations, R / 2; one conversation may stand for
    # all); rows (M) tells a token's conversation. Su et al. 2021 in Hugging Face's layout of halves. The sines' first half is negated, so that a rotation is
    # x * cos + swap(x) * sin. Of a head's D values the first R turn.
    wide = 7 if dtype == 7 else 6
    cosines, sines = annotate(List[Tensor], []), annotate(List[Tensor], [])
    for table in range(frequencies.size(0)):
        angle = positions.to(wide).unsqueeze(1) * torch.index_select(frequencies.select(0, table).to(wide), 0, rows)
        cos = (torch.cos(angle) * self.rotary_scale).to(dtype)
        sin = (torch.sin(angle) * self.rotary_scale).to(dtype)
        still = [positions.size(0), self.head - self.rotated]
        cosines.append(torch.cat([cos, cos, torch.ones(still, dtype=dtype, device=angle.device)], 1).unsqueeze(1))
        sines.append(torch.cat([torch.neg(sin), sin, torch.zeros(still, dtype=dtype, device=angle.device)], 1).unsqueeze(1))
    return cosines, sines

def swap(self, x: Tensor) -> Tensor:
    if self.rotated == self.head:
        return torch.roll(x, [self.head // 2], [-1])
    turned = torch.roll(x.narrow(-1, 0, self.rotated), [self.rotated // 2], [-1])
    return torch.cat([turned, x.narrow(-1, self.rotated, self.head - self.rotated)], -1)

def rotate(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    return x if self.rotated == 0 else torch.addcmul(x * cos, self.swap(x), sin)

def rotate_backward(self, dy: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    # The transpose of a rotation is the rotation back.
    return dy if self.rotated == 0 else torch.addcmul(dy * cos, self.swap(dy), sin, value=-1)

def positions_of(self, lengths: List[int], like: Tensor) -> Tensor:
    # Every conversation counts from 0.
    parts = annotate(List[Tensor], [])
    for t in lengths:
        parts.append(torch.arange(t, device=like.device))
    return torch.cat(parts)

def rows_of(self, lengths: List[int], like: Tensor, last: int) -> Tensor:
    # The conversation of every token; what pads (see attention) counts as the last one.
    parts = annotate(List[Tensor], [])
    for i in range(len(lengths)):
        parts.append(torch.full([lengths[i]], min(i, last), dtype=4, device=like.device))
    return torch.cat(parts)

def in_tiles(self, rows: int) -> int:
    # Rounded up to whole tiles (see attention).
    return (rows + self.tile - 1) // self.tile * self.tile

def integers(self, x: Tensor) -> List[int]:
    out = annotate(List[int], [])
    for i in range(x.numel()):
        out.append(int(x[i]))
    return out

def lora(self, flat: Tensor, layer: int, target: int) -> Tuple[Tensor, Tensor]:
    # The views A (rank, in) and B (out, rank) of one projection in the flat adapter.
    i = layer * len(self.ranks) + target
    r, o, n = self.ranks[target], self.outs[target], self.ins[target]
    a = flat.narrow(0, self.a_at[i], r * n).view([r, n])
    b = flat.narrow(0, self.b_at[i], o * r).view([o, r])
    return a, b

def as_type(self, x: Tensor, dtype: Tensor) -> Tensor:
    return x.to(int(dtype), False, True)

def reinterpret(self, x: Tensor, dtype: Tensor, shape: Tensor) -> Tensor:
    # Raw bytes that Java wrote, as a tensor of the given type and shape, in memory of its own.
    return torch.view_copy(x, dtype=int(dtype)).view(self.integers(shape))

def laid(self, flat: Tensor, values: Tensor, layout: Tensor) -> Tensor:
    # Values of a file into a flat vector: layout is where, what is added to each, and the columns of a matrix to be turned, 0 for none.
    at, more, columns = int(layout[0]), int(layout[1]), int(layout[2])
    turned = values.view([-1, columns]).t().reshape([-1]) if columns > 0 else values
    target = flat.narrow(0, at, values.numel())
    target.copy_(turned)
    return target.add_(more) if more != 0 else target

def part_of(self, flat: Tensor, place: Tensor) -> Tensor:
    # A view: place is where it begins and its shape.
    sizes = self.integers(place)
    count = 1
    for n in sizes[1:]:
        count *= n
    return flat.narrow(0, sizes[0], count).view(sizes[1:])

def zero(self, x: Tensor) -> Tensor:
    # Whatever stood there, NaN too.
    return x.zero_()

def adamw(self, parameter: Tensor, gradient: Tensor, first: Tensor, second: Tensor, settings: Tensor) -> Tensor:
    # Clips the gradient to a norm, then AdamW (Loshchilov and Hutter 2019, algorithm 2) in place. settings, float64: learning
    # rate, beta1, beta2, epsilon, weight decay, largest norm (0 for none), step from 1, how many times faster B learns than A (LoRA+,
    # Hayou et al. 2024), where B begins, where it ends, what the gradient was multiplied with. What is left are DoRA's magnitudes: they
    # learn as B does, and do not decay, for 0 is not where they come from. Returns the norm before clipping; nothing changes where that is
    # no finite number.
    # (torch._fused_adamw_ is no choice: TorchScript does not see that it writes and drops the call.)
    self.shrunk(gradient, settings)
    norm = self.norm_of(gradient)
    if not bool(torch.isfinite(norm)):
        return norm
    self.clipped(gradient, norm, settings)
    start, end = int(settings[8]), int(settings[9])
    for a in range(0, gradient.numel(), self.piece()):
        n = min(self.piece(), gradient.numel() - a)
        before, until = max(0, min(n, start - a)), max(0, min(n, end - a))
        self.moved(parameter.narrow(0, a, n), gradient.narrow(0, a, n), first.narrow(0, a, n), second.narrow(0, a, n), settings, before, until)
    return norm

def piece(self) -> int:
    # Values that an update takes at a time, so that what it needs for a moment stays small.
    return 4194304

def norm_of(self, gradient: Tensor) -> Tensor:
    if gradient.numel() <= self.piece():
        return torch.linalg_vector_norm(gradient, 2, None, False, dtype=7)
    square = torch.zeros([], dtype=7, device=gradient.device)
    for a in range(0, gradient.numel(), self.piece()):
        part = gradient.narrow(0, a, min(self.piece(), gradient.numel() - a))
        square.add_(torch.square(torch.linalg_vector_norm(part, 2, None, False, dtype=7)))
    return torch.sqrt(square)

def shrunk(self, gradient: Tensor, settings: Tensor):
    # Takes the factor away that kept the gradients of activations within fp16; a power of two, so no bit of the others is lost.
    if float(settings[10]) != 1.:
        gradient.mul_(1. / float(settings[10]))

def clipped(self, gradient: Tensor, norm: Tensor, settings: Tensor):
    largest = float(settings[5])
    if largest > 0.:
        # torch.nn.utils.clip_grad_norm_ divides by norm + 1e-6 and never enlarges.
        gradient.mul_(torch.clamp(largest / (norm + 1e-6), None, 1.).to(gradient.dtype))

def moved(self, parameter: Tensor, gradient: Tensor, first: Tensor, second: Tensor, settings: Tensor, start: int, end: int):
    # What AdamW does with a gradient that is clipped; see adamw.
    rate, beta1, beta2, epsilon = float(settings[0]), float(settings[1]), float(settings[2]), float(settings[3])
    decay, step, ratio = float(settings[4]), float(settings[6]), float(settings[7])
    first.lerp_(gradient, 1. - beta1)
    second.mul_(beta2).addcmul_(gradient, gradient, value=1. - beta2)
    root = torch.sqrt(second).div_(torch.sqrt(1. - torch.pow(beta2, step))).add_(epsilon)
    for at, length, faster, decays in [(0, start, 1., decay), (start, end - start, ratio, decay), (end, parameter.numel() - end, ratio, 0.)]:
        part = parameter.narrow(0, at, length)
        part.mul_(1. - rate * faster * decays)
        part.addcdiv_(first.narrow(0, at, length), root.narrow(0, at, length), value=torch.neg(rate * faster / (1. - torch.pow(beta1, step))))

# The small mathematics that both ways through the model share.
# Shapes: M tokens of all conversations laid end to end, H hidden width, D head width.

def wide(self, x: Tensor) -> int:
    # The dtype that sums and norms are kept in: float64 (7) for float64, else float32 (6).
    return 7 if x.dtype == 7 else 6

def rms(self, x: Tensor) -> Tuple[Tensor, Tensor]:
    # RMSNorm without its weight: x (M, H) -> x / rms (M, H) and 1 / rms (M, 1). Zhang and Sennrich 2019, eq. 4.
    square = torch.square(torch.linalg_vector_norm(x, 2, [-1], True, dtype=self.wide(x)))
    inverse = torch.rsqrt(square / x.size(-1) + self.eps).to(x.dtype)
    return x * inverse, inverse

def rms_backward(self, dn: Tensor, n: Tensor, inverse: Tensor) -> Tensor:
    # dn is the gradient of the normalised n = x * inverse: dx = inverse * (dn - n * mean(dn * n)).
    mean = torch.sum(dn * n, [-1], True, dtype=self.wide(n)).div_(n.size(-1)).to(n.dtype)
    return torch.addcmul(dn, n, mean, value=-1).mul_(inverse)

def rotary(self, positions: Tensor, dtype: int) -> Tuple[Tensor, Tensor]:
    # Cosines and sines (M, 1, D) of Su et al. 2021; the halves' layout is Hugging Face's.
    # The sines' first half is negated, so that a rotation is x * cos + swap(x) * sin.
    wide = 7 if dtype == 7 else 6
    exponent = torch.arange(0, self.head, 2, dtype=wide, device=positions.device) / self.head
    angle = positions.to(wide).unsqueeze(1) * torch.reciprocal(torch.pow(self.theta, exponent))
    cos = torch.cos(angle).to(dtype)
    sin = torch.sin(angle).to(dtype)
    return torch.cat([cos, cos], 1).unsqueeze(1), torch.cat([torch.neg(sin), sin], 1).unsqueeze(1)

def swap(self, x: Tensor) -> Tensor:
    return torch.roll(x, [self.head // 2], [-1])

def rotate(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    return torch.addcmul(x * cos, self.swap(x), sin)

def rotate_backward(self, dy: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    # The transpose of a rotation is the rotation back.
    return torch.addcmul(dy * cos, self.swap(dy), sin, value=-1)

def positions_of(self, lengths: List[int], like: Tensor) -> Tensor:
    # Every conversation counts from 0.
    parts = annotate(List[Tensor], [])
    for t in lengths:
        parts.append(torch.arange(t, device=like.device))
    return torch.cat(parts)

def integers(self, x: Tensor) -> List[int]:
    out = annotate(List[int], [])
    for i in range(x.numel()):
        out.append(int(x[i]))
    return out

def lora(self, flat: Tensor, layer: int, target: int) -> Tuple[Tensor, Tensor]:
    # The views A (rank, in) and B (out, rank) of one projection in the flat adapter.
    i = layer * 7 + target
    r, o, n = self.ranks[target], self.outs[target], self.ins[target]
    a = flat.narrow(0, self.a_at[i], r * n).view([r, n])
    b = flat.narrow(0, self.b_at[i], o * r).view([o, r])
    return a, b

def as_type(self, x: Tensor, dtype: Tensor) -> Tensor:
    return x.to(int(dtype), False, True)

def reinterpret(self, x: Tensor, dtype: Tensor, shape: Tensor) -> Tensor:
    # Raw bytes that Java wrote, as a tensor of the given type and shape, in memory of its own.
    return torch.view_copy(x, dtype=int(dtype)).view(self.integers(shape))

def zero(self, x: Tensor) -> Tensor:
    # Whatever stood there, NaN too.
    return x.zero_()

def adamw(self, parameter: Tensor, gradient: Tensor, first: Tensor, second: Tensor, settings: Tensor) -> Tensor:
    # Clips the gradient to a norm, then AdamW (Loshchilov and Hutter 2019, algorithm 2) in place. settings, float64: learning
    # rate, beta1, beta2, epsilon, weight decay, largest norm (0 for none), step from 1. Returns the norm before clipping.
    # (torch._fused_adamw_ is no choice: TorchScript does not see that it writes and drops the call.)
    rate, beta1, beta2 = float(settings[0]), float(settings[1]), float(settings[2])
    epsilon, decay, largest, step = float(settings[3]), float(settings[4]), float(settings[5]), float(settings[6])
    norm = torch.linalg_vector_norm(gradient, 2, None, False, dtype=7)
    if largest > 0.:
        # torch.nn.utils.clip_grad_norm_ divides by norm + 1e-6 and never enlarges.
        gradient.mul_(torch.clamp(largest / (norm + 1e-6), None, 1.).to(gradient.dtype))
    parameter.mul_(1. - rate * decay)
    first.lerp_(gradient, 1. - beta1)
    second.mul_(beta2).addcmul_(gradient, gradient, value=1. - beta2)
    root = torch.sqrt(second).div_(torch.sqrt(1. - torch.pow(beta2, step))).add_(epsilon)
    parameter.addcdiv_(first, root, value=torch.neg(rate / (1. - torch.pow(beta1, step))))
    return norm

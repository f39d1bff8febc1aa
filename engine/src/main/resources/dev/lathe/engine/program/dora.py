# DoRA (Liu et al. 2024, eq. 5): an adapted projection is m (W + scale B A) / |W + scale B A| with a magnitude m and a norm for every
# output, and the norm is a constant for the gradient (section 4.3). So the model wears a factor m / |W + scale B A| behind A and B,
# which holds from one update to the next; of the factor only what is beyond one, which bf16 would round away. The gradient's tail is
# that of the factors, until the division by the norms makes it that of m.

def beyond_one(self, flat: Tensor, layer: int, target: int, row: int, length: int) -> Tensor:
    return flat.narrow(0, self.m_at[layer * 7 + target] + row, length)

def early(self, bias: Tensor) -> Tensor:
    # A bias as a product adds it; a factor comes between the two.
    return torch.empty([0], dtype=bias.dtype, device=bias.device) if self.dora else bias

def late(self, y: Tensor, bias: Tensor) -> Tensor:
    return y + bias if self.dora and bias.numel() > 0 else y

def factor_backward(self, dy: Tensor, y: Tensor, flat: Tensor, gradient: Tensor, layer: int, target: int, row: int):
    # y came out of its factor: the factor's gradient is added to gradient (flat), and dy becomes that of what went in. (Where the
    # factor is 0, as on a row of zeros, y does not tell what went in.)
    beyond = self.beyond_one(flat, layer, target, row, dy.size(1))
    factor = beyond.to(self.wide(beyond)) + 1.
    told = torch.sum(dy * y, [0], dtype=self.wide(dy)) / factor.masked_fill(torch.eq(factor, 0.), 1.)
    self.beyond_one(gradient, layer, target, row, dy.size(1)).add_(told)
    dy.addcmul_(dy, beyond)

def stacked_in(self, which: int) -> List[int]:
    # The projections that stand in one of a layer's four matrices, one below another.
    return [[0, 1, 2], [3], [4, 5], [6]][which]

def row_norms(self, w: List[Tensor]) -> Tensor:
    # |W| of every adapted output, layer by layer and projection by projection, as the magnitudes lie.
    parts = annotate(List[Tensor], [])
    for layer in range(self.layers):
        for which in range(4):
            weight = self.weight(w, layer, which)
            row = 0
            for target in self.stacked_in(which):
                if self.ranks[target] > 0:
                    rows = weight.narrow(0, row, self.outs[target])
                    parts.append(torch.linalg_vector_norm(rows, 2, [1], False, dtype=self.wide(weight)))
                row += self.outs[target]
    return torch.cat(parts)

def norms(self, w: List[Tensor], flat: Tensor, bare: Tensor) -> Tensor:
    # |W + scale B A| from bare, |W|, without making the matrix: of a row w and B's row b it is the root of
    # |w|^2 + b (2 scale A w' + scale^2 A A' b').
    parts = annotate(List[Tensor], [])
    at = 0
    for layer in range(self.layers):
        for which in range(4):
            weight = self.weight(w, layer, which)
            row = 0
            for target in self.stacked_in(which):
                n = self.outs[target]
                if self.ranks[target] > 0:
                    a, b = self.lora(flat, layer, target)
                    crossed = torch.mm(weight.narrow(0, row, n), a.t()).to(self.wide(a))
                    a, b = a.to(self.wide(a)), b.to(self.wide(b))
                    own = torch.mm(b, torch.mm(a, a.t()))
                    more = torch.sum(b * (crossed * (2. * self.scale) + own * (self.scale * self.scale)), [1])
                    squares = torch.square(bare.narrow(0, at, n)) + more
                    # A row of zeros keeps a magnitude of 0, and its factor is no 0 / 0.
                    parts.append(torch.sqrt(torch.clamp(squares, 1e-24)))
                    at += n
                row += n
    return torch.cat(parts)

def worn(self, w: List[Tensor], parameters: Tensor, bare: Tensor, dtype: Tensor) -> Tuple[Tensor, Tensor]:
    # What the model computes with of A, B and m: A, B and the factors beyond one; and the norms.
    flat = parameters.to(int(dtype), False, True)
    norms = self.norms(w, self.of_adapter(flat), bare)
    magnitudes = self.magnitudes(parameters, norms)
    self.magnitudes(flat, norms).copy_((magnitudes - norms) / norms)
    return flat, norms

def magnitudes(self, flat: Tensor, norms: Tensor) -> Tensor:
    # All of them; or what stands in their place.
    return self.of_adapter(flat).narrow(0, self.m_at[0], norms.size(0))

def begin_magnitudes(self, parameters: Tensor, norms: Tensor) -> Tensor:
    # m as the norms: then every factor is one.
    return self.magnitudes(parameters, norms).copy_(norms)

def to_magnitudes(self, gradient: Tensor, norms: Tensor) -> Tensor:
    # From the factors' gradients to those of m, in place.
    return self.magnitudes(gradient, norms).div_(norms)

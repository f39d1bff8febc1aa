# Full fine-tuning: every weight of the model learns. They lie in one flat vector, matrices first (weight decay ends where the vectors
# begin), kept in float32; the model computes with views of its working copy in the model's precision, which stand in w as ever. The
# gradient is flat too: w_at tells where the weight w[j] lies, -1 where the family has none; a tied head lies where the embedding does.
# Of the heads' norms, which w has once for every head, one for q and one for k are learned.

def learn_linear(self, gradient: Tensor, j: int, row: int, dy: Tensor, x: Tensor):
    # Of y = x W' + bias: what of w[j] begins at a row, and the bias behind it.
    n, m = dy.size(1), x.size(1)
    self.learn_product(gradient.narrow(0, self.w_at[j] + row * m, n * m).view([n, m]), dy, x)
    if self.w_at[j + 1] >= 0:
        gradient.narrow(0, self.w_at[j + 1] + row, n).add_(torch.sum(dy, [0], dtype=self.wide(dy)))

def learn_norm(self, gradient: Tensor, j: int, dy: Tensor, n: Tensor):
    # Of y = n * weight + bias, the normalised n.
    gradient.narrow(0, self.w_at[j], n.size(1)).add_(torch.sum(dy * n, [0], dtype=self.wide(n)))
    if self.layer_norm:
        gradient.narrow(0, self.w_at[j + 1], n.size(1)).add_(torch.sum(dy, [0], dtype=self.wide(n)))

def learn_heads(self, gradient: Tensor, at: int, each: Tensor):
    # each (heads + kv, D): what every head says of its norm.
    gradient.narrow(0, at, self.head).add_(torch.sum(each.narrow(0, 0, self.heads), [0]))
    gradient.narrow(0, at + self.head, self.head).add_(torch.sum(each.narrow(0, self.heads, self.kv), [0]))

def labels_learn(self, gradient: Tensor, weight: float, at: Tensor) -> List[Tensor]:
    # What head_loss wants to know where every label weighs the same; nothing where the head does not learn.
    if not self.full:
        return annotate(List[Tensor], [])
    return [gradient, torch.full([at.size(0)], weight, dtype=gradient.dtype, device=gradient.device)]

def learn_embeddings(self, w: List[Tensor], gradient: Tensor, dx: Tensor, tokens: Tensor, lengths: List[int]):
    # From the gradient of what the first layer reads.
    dx = dx.to(gradient.dtype)
    if w[1].numel() > 0:
        gradient.narrow(0, self.w_at[1], w[1].numel()).view_as(w[1]).index_add_(0, self.positions_of(lengths, tokens), dx)
    if self.embedding_scale != 1.:
        dx = dx * torch.full([], self.embedding_scale, dtype=w[0].dtype, device=dx.device)
    gradient.narrow(0, self.w_at[0], w[0].numel()).view_as(w[0]).index_add_(0, tokens, dx)

def leaves(self, w: List[Tensor]) -> List[Tensor]:
    # The weights as autograd shall see them.
    out = annotate(List[Tensor], [])
    for j in range(len(w)):
        tied = j == 4 and self.w_at[4] == self.w_at[0]
        out.append(out[0] if tied else w[j].detach().requires_grad_(self.w_at[j] >= 0))
    return out

def learn_by_tape(self, loss: Tensor, leaves: List[Tensor], gradient: Tensor):
    learned, places = annotate(List[Tensor], []), annotate(List[int], [])
    for j in range(len(leaves)):
        if self.w_at[j] >= 0 and not (j == 4 and self.w_at[4] == self.w_at[0]):
            learned.append(leaves[j])
            places.append(j)
    each = torch.grad([loss], learned, None, None, False, True)
    for k in range(len(places)):
        found, j = each[k], places[k]
        if found is not None:
            if self.head_norms and j == self.first_weight((j - 6) // 15) + 12:
                self.learn_heads(gradient, self.w_at[j], found)
            else:
                gradient.narrow(0, self.w_at[j], found.numel()).add_(found.reshape([-1]))

def piece(self) -> int:
    # Values that an update takes at a time, so that what it needs for a moment stays small.
    return 4194304

def full_adamw(self, parameters: Tensor, working: Tensor, gradient: Tensor, first: Tensor, second: Tensor, settings: Tensor) -> Tensor:
    # adamw, piece by piece, of a gradient that nothing has enlarged, and the working copy again; the vectors, which begin where settings[9] tells, do not decay.
    square = torch.zeros([], dtype=7, device=gradient.device)
    for a in range(0, gradient.numel(), self.piece()):
        part = gradient.narrow(0, a, min(self.piece(), gradient.numel() - a))
        square.add_(torch.square(torch.linalg_vector_norm(part, 2, None, False, dtype=7)))
    norm = torch.sqrt(square)
    if not bool(torch.isfinite(norm)):
        return norm
    vectors = int(settings[9])
    for a in range(0, gradient.numel(), self.piece()):
        n = min(self.piece(), gradient.numel() - a)
        matrices = max(0, min(n, vectors - a))
        part = parameters.narrow(0, a, n)
        self.clipped(gradient.narrow(0, a, n), norm, settings)
        self.moved(part, gradient.narrow(0, a, n), first.narrow(0, a, n), second.narrow(0, a, n), settings, matrices, matrices)
        if working.dtype != parameters.dtype:
            working.narrow(0, a, n).copy_(part)
    return norm

def laid(self, flat: Tensor, values: Tensor, layout: Tensor) -> Tensor:
    # Values of a file into a flat vector: layout is where, what is added to each, and the columns of a matrix to be turned, 0 for none.
    at, more, columns = int(layout[0]), int(layout[1]), int(layout[2])
    turned = values.view([-1, columns]).t().reshape([-1]) if columns > 0 else values
    target = flat.narrow(0, at, values.numel())
    target.copy_(turned)
    return target.add_(more) if more != 0 else target

def worn_whole(self, parameters: Tensor, working: Tensor) -> Tensor:
    return working.copy_(parameters) if working.dtype != parameters.dtype else working

def part_of(self, flat: Tensor, place: Tensor) -> Tensor:
    # A view: place is where it begins and its shape.
    sizes = self.integers(place)
    count = 1
    for n in sizes[1:]:
        count *= n
    return flat.narrow(0, sizes[0], count).view(sizes[1:])

def head_norms_again(self, w: List[Tensor], working: Tensor) -> Tensor:
    # What w has of the heads' norms, once for every head.
    for i in range(self.layers):
        j = self.first_weight(i) + 12
        w[j].narrow(0, 0, self.heads).copy_(working.narrow(0, self.w_at[j], self.head).expand([self.heads, self.head]))
        w[j].narrow(0, self.heads, self.kv).copy_(working.narrow(0, self.w_at[j] + self.head, self.head).expand([self.kv, self.head]))
    return working

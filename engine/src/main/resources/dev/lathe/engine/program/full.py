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
    if self.w_at[4] < 0:
        return annotate(List[Tensor], [])
    return [gradient, torch.full([at.size(0)], weight, dtype=gradient.dtype, device=gradient.device)]

def learn_embeddings(self, w: List[Tensor], gradient: Tensor, dx: Tensor, tokens: Tensor, lengths: List[int]):
    # From the gradient of what the first layer reads.
    dx = dx.to(gradient.dtype)
    if self.w_at[1] >= 0:
        gradient.narrow(0, self.w_at[1], w[1].numel()).view_as(w[1]).index_add_(0, self.positions_of(lengths, tokens), dx)
    if self.embedding_scale != 1.:
        dx = dx * torch.full([], self.embedding_scale, dtype=w[0].dtype, device=dx.device)
    if self.rows < self.tokens:
        rows = tokens - self.first_row
        own = torch.nonzero(torch.logical_and(torch.ge(rows, 0), torch.lt(rows, self.rows))).squeeze(1)
        tokens, dx = torch.index_select(rows, 0, own), torch.index_select(dx, 0, own)
    self.learned_rows(gradient, 0).index_add_(0, tokens, dx)

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

def full_adamw(self, parameters: Tensor, working: Tensor, gradient: Tensor, first: Tensor, second: Tensor, settings: Tensor) -> Tensor:
    # adamw, and the working copy again; the vectors, which begin where settings[9] tells, do not decay.
    norm = self.adamw(parameters, gradient, first, second, settings)
    self.worn_whole(parameters, working)
    return norm

def worn_whole(self, parameters: Tensor, working: Tensor) -> Tensor:
    return working.copy_(parameters) if working.dtype != parameters.dtype else working

def head_norms_again(self, w: List[Tensor], working: Tensor) -> Tensor:
    # What w has of the heads' norms, once for every head.
    for i in range(self.layers):
        j = self.first_weight(i) + 12
        w[j].narrow(0, 0, self.heads).copy_(working.narrow(0, self.w_at[j], self.head).expand([self.heads, self.head]))
        w[j].narrow(0, self.heads, self.kv).copy_(working.narrow(0, self.w_at[j] + self.head, self.head).expand([self.kv, self.head]))
    return working

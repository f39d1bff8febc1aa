# What is trained outside the layers beside an adapter: the embedding, a vocabulary head of its own and its bias, whole (PEFT's
# modules_to_save) or only the rows of some tokens (its trainable_token_indices). They lie before the adapter in every flat vector: the
# first self.saved values, where w_at tells, self.rows of them from the row self.first_row on. What w has in the place of a whole matrix
# counts for nothing. A tied head is the embedding, and its gradient is added there.

def wearing(self, w: List[Tensor], flat: Tensor) -> List[Tensor]:
    # The weights with those matrices, or rows, in their places.
    if self.saved == 0:
        return w
    out = annotate(List[Tensor], [])
    out += w
    for j in [0, 4]:
        if j == 4 and self.w_at[4] >= 0 and self.w_at[4] == self.w_at[0]:
            out[4] = out[0]
        elif self.w_at[j] >= 0:
            out[j] = self.with_rows(w[j], self.learned_rows(flat, j))
    if self.w_at[5] >= 0:
        out[5] = flat.narrow(0, self.w_at[5], self.tokens)
    return out

def learned_rows(self, flat: Tensor, j: int) -> Tensor:
    # Of a flat vector what is learned of w[j], a row a token.
    return flat.narrow(0, self.w_at[j], self.rows * self.hidden_size).view([self.rows, self.hidden_size])

def with_rows(self, matrix: Tensor, own: Tensor) -> Tensor:
    if self.rows == self.tokens:
        return own
    behind = self.first_row + self.rows
    return torch.cat([matrix.narrow(0, 0, self.first_row), own, matrix.narrow(0, behind, self.tokens - behind)])

def of_saved(self, flat: Tensor) -> Tensor:
    # What of a flat vector is theirs.
    return flat.narrow(0, 0, self.saved)

def of_adapter(self, flat: Tensor) -> Tensor:
    # What of it is the adapter's.
    return flat if self.saved == 0 else flat.narrow(0, self.saved, flat.size(0) - self.saved)

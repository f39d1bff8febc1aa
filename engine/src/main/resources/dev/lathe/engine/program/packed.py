# Matrices of a packed base (QLoRA, Dettmers et al. 2023), made whole wherever one is used and forgotten at once.
# After all layers' weights stand NF4's levels (16) and those of its scales (256), then for each layer's four matrices (what attention
# reads, what it writes, the ways into the feed-forward, the way out) what their codes want: the scales' codes, padded to whole
# blocks of 256; what each such block is multiplied with and what is added to it; how many scales each stacked part really has.
# Of eight-bit rows only the first is there: a scale for each row.

def weight(self, w: List[Tensor], layer: int, which: int) -> Tensor:
    # (out, in), in the precision that is computed in.
    stored = w[self.first_weight(layer) + [2, 4, 8, 10][which]]
    if self.packing == 0:
        return stored
    at = self.first_weight(self.layers) + 2 + (layer * 4 + which) * 4
    if self.packing == 8:
        return stored * w[at]
    scales = self.block_scales(w, at)
    halves = torch.stack([torch.bitwise_right_shift(stored, 4), torch.bitwise_and(stored, 15)], -1)
    values = torch.index_select(w[at - (layer * 4 + which) * 4 - 2], 0, halves.view([-1]).to(3))
    return torch.mul(values.view([-1, 64]), scales.to(values.dtype)).view([stored.size(0), -1])

def block_scales(self, w: List[Tensor], at: int) -> Tensor:
    # A scale for every 64 values, (blocks, 1).
    levels = torch.index_select(w[self.first_weight(self.layers) + 1], 0, w[at].to(3)).view([-1, 256])
    scales = torch.addcmul(w[at + 2].unsqueeze(1), levels, w[at + 1].unsqueeze(1)).view([-1, 1])
    parts = annotate(List[Tensor], [])
    start = 0
    for count in self.integers(w[at + 3]):
        parts.append(scales.narrow(0, start, count))
        start += (count + 255) // 256 * 256
    return torch.cat(parts)

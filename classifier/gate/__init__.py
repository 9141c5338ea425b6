"""The rules by which a challenger is compared with older versions: pure functions of labels and suggestions.

reference    the articles that an older version learned from, with the labels as it knew them and no model's echoes
accounting   labels that changed without a person's decision
holding      tags whose labels stay as the older version knew them
tags         whether a tag has lost F1, and the smallest loss that would be seen
whole        whether the model as a whole is worse, or damaged
acceptance   whether judgements of a random sample show that enough of what an archive run would add is right
"""

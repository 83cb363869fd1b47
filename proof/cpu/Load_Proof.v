(** * What a load gives its register: proof *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link.
From Redoubt.machine Require Import State Cpu Events.
From Redoubt.mm Require Import Desc_Spec Desc_Facts.
From Redoubt.cpu Require Import Word_Spec Bits_Facts.
From Redoubt.gen Require Import vcpu_mmio.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop) (fuel : nat) (F : fenv).
  Notation K := (kcore B cpu LI).

  (** One size: [m] has [n] bits. *)
  Lemma loaded_bits n m h raw : 0 < n <= 64 -> m = 2 ^ n - 1 -> h = 2 ^ (n - 1) -> in_ty U64 raw ->
    Z.land raw m = raw mod 2 ^ n /\ (Z.land (raw mod 2 ^ n) h =? 0) = negb (bit (n - 1) (raw mod 2 ^ n)) /\
    Z.lor (raw mod 2 ^ n) (modulus U64 - 1 - m) = raw mod 2 ^ n + (2 ^ 64 - 2 ^ n).
  Proof.
    intros N -> -> X. split; [apply land_low; [lia|reflexivity]|]. split; [apply bit_mask; [lia|reflexivity]|].
    change (modulus U64) with (2 ^ 64). rewrite Z.lor_comm, (lor_add _ _ n).
    - lia.
    - lia.
    - replace (2 ^ 64 - 1 - (2 ^ n - 1)) with (2 ^ 64 - 2 ^ n) by lia.
      replace (2 ^ 64) with (2 ^ (64 - n) * 2 ^ n) by (rewrite <- Z.pow_add_r by lia; f_equal; lia).
      replace (2 ^ (64 - n) * 2 ^ n - 2 ^ n) with ((2 ^ (64 - n) - 1) * 2 ^ n) by lia. apply Z.mod_mul.
      apply Z.pow_nonzero; lia.
    - apply Z.mod_pos_bound, Z.pow_pos_nonneg; lia.
  Qed.

  Lemma access_some n : exists k, 0 <= k < 4 /\ access_bytes n = 2 ^ k.
  Proof.
    unfold access_bytes. destruct (Z.eqb_spec n 1) as [->|]; [exists 0; split; [lia|reflexivity]|].
    destruct (Z.eqb_spec n 2) as [->|]; [exists 1; split; [lia|reflexivity]|].
    destruct (Z.eqb_spec n 4) as [->|]; [exists 2|exists 3]; (split; [lia|reflexivity]).
  Qed.

  Lemma load_value_ok : spec_size_mask B cpu LI (F "size_mask") -> spec_load_value B cpu LI (invoke F fuel f_load_value).
  Proof.
    intros H raw z sext sf X Xz w. destruct (access_some z) as (k & Hk & Ek).
    enter. steps. eapply wp_mono; [apply (H z Xz)|]. cbv beta. intros ? ? [-> ->]. reduce. rewrite Ek.
    set (n := 8 * 2 ^ k). set (m := 2 ^ n - 1).
    assert (Hn : n = 8 \/ n = 16 \/ n = 32 \/ n = 64).
    { unfold n. assert (D : k = 0 \/ k = 1 \/ k = 2 \/ k = 3) by lia. destruct D as [-> |[-> |[-> | ->]]]; cbn; lia. }
    assert (Hh : Z.lxor m (Z.shiftr m 1) = 2 ^ (n - 1)).
    { unfold m. destruct Hn as [-> |[-> |[-> | ->]]]; reflexivity. }
    destruct (loaded_bits n m (2 ^ (n - 1)) raw ltac:(lia) eq_refl eq_refl X) as (L1 & L2 & L3).
    assert (P64 : 2 ^ 64 = 18446744073709551616) by reflexivity. assert (P32 : 2 ^ 32 = 4294967296) by reflexivity.
    assert (Rv : 0 <= raw mod 2 ^ n < 2 ^ n) by (apply Z.mod_pos_bound, Z.pow_pos_nonneg; lia).
    assert (Rn : 2 ^ n <= 2 ^ 64) by (apply Z.pow_le_mono_r; lia).
    set (v0 := raw mod 2 ^ n) in *.
    set (v1 := if negb (sext =? 0) && bit (n - 1) v0 then v0 + (2 ^ 64 - 2 ^ n) else v0).
    assert (R1 : 0 <= v1 < 2 ^ 64) by (unfold v1; destruct (_ && _); lia).
    assert (E1 : loaded raw (2 ^ k) sext sf = if sf =? 0 then v1 mod 2 ^ 32 else v1).
    { unfold loaded. fold n. fold v0. cbv zeta. unfold v1. destruct (negb (sext =? 0) && bit (n - 1) v0).
      - assert (M : forall a, a = 2 ^ 32 * 2 ^ 32 -> (v0 + (a - 2 ^ n)) mod 2 ^ 32 = (v0 - 2 ^ n) mod 2 ^ 32).
        { intros a ->. replace (v0 + (2 ^ 32 * 2 ^ 32 - 2 ^ n)) with (v0 - 2 ^ n + 2 ^ 32 * 2 ^ 32) by lia. apply Z.mod_add. lia. }
        destruct (sf =? 0); [symmetry; apply M; reflexivity|].
        replace (v0 - 2 ^ n) with (v0 + (2 ^ 64 - 2 ^ n) + (-1) * 2 ^ 64) by lia. rewrite Z.mod_add by lia. apply Z.mod_small. lia.
      - destruct (sf =? 0); [reflexivity|]. apply Z.mod_small. lia. }
    rewrite E1. clear E1. to_if. rewrite L1. join (fun e w' => w' = w /\
      e = [("raw", Some raw); ("size", Some z); ("sext", Some sext); ("sf", Some sf); ("m", Some m); ("v", Some v1)]).
    - steps; rewrite ?Hh in *; (split; [reflexivity|]); unfold v1; rewrite ?L3;
        destruct (Z.eqb_spec sext 0), (bit (n - 1) v0); cbn [negb andb] in *; first [reflexivity|exfalso; lia].
    - intros e w' [-> ->]. steps; (split; [reflexivity|]).
      + rewrite E. cbn. rewrite (land_low _ _ 32) by (reflexivity || lia). reflexivity.
      + destruct (Z.eqb_spec sf 0); [contradiction|reflexivity].
  Qed.

End Proofs.

(** * KServ is on the CPU: what stays so while KCore serves it

    [hosted] depends on few of the CPU's own objects, on no register: calls on memory leave them alone ([left_alone]), and
    so do writes of KServ's registers, of the CPU's and of results. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Link Wp Bits.
From Redoubt.machine Require Import State Cpu Events.
From Redoubt.mm Require Import Invariant Structure Vm_Spec Own_Spec Cpu_Facts Local_Prims.
From Redoubt.cpu Require Import Word_Spec Reg_Spec Ctx_Spec Run_Spec Rest_Spec Left_Kept Host_Trap_Spec Host_Facts Host_Call_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Definition rest_cells : list ident :=
  ["pcpu.vm"; "pcpu.vcpu"; "pcpu.ready"; "pcpu.cur_ctx"; "pcpu.host_ctx"; "pcpu.in_guest"; loaded_cell; power_cell; "vms.root"].

Section Hosted.
  Variables (B : board) (c : Z).

  Lemma hosted_at_host w : w_held w = false -> hosted c w -> at_host c w.
  Proof. intros H [R [E _]]. constructor; [apply R|exact H|exact E]. Qed.

  Lemma hosted_same w w' : (forall d ix, existsb (String.eqb d) rest_cells = true -> w_mem w' (d, ix) = w_mem w (d, ix)) ->
    hosted c w -> hosted c w'.
  Proof.
    intros E [R H].
    assert (Vm : loaded_vm c w' = loaded_vm c w) by (unfold loaded_vm; rewrite E; reflexivity).
    assert (Vc : loaded_vcpu c w' = loaded_vcpu c w) by (unfold loaded_vcpu; rewrite E; reflexivity).
    assert (Tk : forall h i, token w' h i = token w h i) by (intros; unfold token; rewrite E; reflexivity).
    assert (On : forall h i, vcpu_on w' h i <-> vcpu_on w h i) by (intros; unfold vcpu_on; rewrite E; reflexivity).
    assert (Rt : forall h, vm_root w' h = vm_root w h) by (intros; unfold vm_root; rewrite E; reflexivity).
    assert (Hs : serves_host c w').
    { unfold serves_host, cur_ctx, host_ctx, in_guest in *. rewrite !E by reflexivity. exact H. }
    split; [|exact Hs]. constructor; [apply R| | |left; exact Hs].
    - unfold own_ok. rewrite Vm, Vc, Tk. exact (rs_own c w R).
    - unfold ready. rewrite Vm, Vc, Rt, E by reflexivity. intros N1 N2. rewrite On. exact (rs_ready c w R N1 N2).
  Qed.

  Lemma hosted_left w w' : left_alone c w w' -> hosted c w -> hosted c w'.
  Proof.
    intros L [R H].
    assert (E : forall d, existsb (String.eqb d) ["pcpu.vm"; "pcpu.vcpu"; "pcpu.ready"; "pcpu.cur_ctx"; "pcpu.in_guest"] = true ->
      w_mem w' (obj d [c]) = w_mem w (obj d [c])).
    { intros d D. apply (l_mem c w w' L). cbn [existsb] in D. rewrite orb_false_r in D. repeat apply orb_prop in D as [D|D];
        try (apply String.eqb_eq in D; subst d; apply left_owned; [reflexivity|discriminate|reflexivity|reflexivity]).
      all: repeat match type of D with (_ || _) = true => apply orb_prop in D as [D|D] end; apply String.eqb_eq in D; subst d;
        apply left_owned; first [reflexivity|discriminate]. }
    assert (Hx : host_ctx w' c = host_ctx w c).
    { unfold host_ctx. rewrite (l_mem c w w' L); [reflexivity|]. apply left_owned; [exact I|discriminate|reflexivity|reflexivity]. }
    assert (Vm : loaded_vm c w' = loaded_vm c w) by (unfold loaded_vm; rewrite E; reflexivity).
    assert (Vc : loaded_vcpu c w' = loaded_vcpu c w) by (unfold loaded_vcpu; rewrite E; reflexivity).
    assert (Hs : serves_host c w').
    { unfold serves_host, cur_ctx, in_guest in *. rewrite !E, Hx by reflexivity. exact H. }
    split; [|exact Hs]. constructor; [apply R| | |left; exact Hs].
    - unfold own_ok. rewrite Vm, Vc. intros N. destruct (rs_own c w R N) as (R1 & R2 & T).
      split; [exact R1|]. split; [exact R2|]. exact (left_token c w w' L _ _ T).
    - unfold ready. rewrite Vm, Vc, E by reflexivity. intros N1 N2. destruct (rs_ready c w R N1 N2) as [On Rt].
      destruct (rs_own c w R N1) as (_ & _ & T). split; [exact (left_on c w w' L _ _ T On)|].
      unfold vm_root in *. rewrite (l_mem c w w' L); [exact Rt|].
      apply left_owned; [left; split; [reflexivity|]; exists (loaded_vcpu c w); exact T|discriminate|reflexivity|reflexivity].
  Qed.

  Lemma hosted_regs l w : hosted c w -> hosted c (set_regs c l w).
  Proof.
    apply hosted_same. intros d ix D. apply set_regs_cell. unfold rest_cells in D. cbn [existsb] in D.
    destruct (String.prefix "reg." d) eqn:P; [|reflexivity]. exfalso.
    repeat match type of D with (_ || _) = true => apply orb_prop in D as [D|D] end;
      first [discriminate D|apply String.eqb_eq in D; subst d; discriminate P].
  Qed.
  Lemma hosted_put_x n v w : hosted c w -> hosted c (put_x c n v w).
  Proof. apply hosted_same. intros d ix _. rewrite put_x_mem. reflexivity. Qed.
  Lemma hosted_own x v w : existsb (String.eqb x) rest_cells = false -> class_of x = Percpu -> hosted c w -> hosted c (set_own B c x v w).
  Proof.
    intros N P. apply hosted_same. intros d ix D. unfold set_own. rewrite percpu_write by exact P. cbn [w_mem set_mem].
    apply upd_name. destruct (String.eqb_spec x d) as [->|]; [congruence|reflexivity].
  Qed.
End Hosted.
